import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_HUGETLB,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_SHARED,
  type MmapRequest,
  PROT_NONE,
  PROT_READ,
} from "@xsp/guest";
import { nearestName } from "../nearest-name.ts";
import { addressOf, bytesOf } from "./argument.ts";
import { type CommandResult, isResult, wrong } from "./command.ts";
import type { Session } from "./session.ts";

/** Words that stand for themselves, and the bits of `flags` that they set. */
const flagWords: Readonly<Record<string, number>> = {
  private: MAP_PRIVATE,
  shared: MAP_SHARED,
  hugetlb: MAP_HUGETLB,
  noreserve: MAP_NORESERVE,
};

/** Words that say how memory is protected; readable and writable without them. */
const protWords: Readonly<Record<string, number>> = { read: PROT_READ, none: PROT_NONE };

/** All options; those with a `=` want a value. */
export const mmapOptionWords: readonly string[] = [
  ...Object.keys(flagWords),
  ...Object.keys(protWords),
  "file=",
  "offset=",
  "at=",
];

/** What the options are, for `help mmap`. */
export const mmapOptionHelp: readonly string[] = [
  "private      MAP_PRIVATE, copied on write: the default",
  "shared       MAP_SHARED",
  "hugetlb      MAP_HUGETLB: hugepages; BYTES are rounded up",
  "noreserve    MAP_NORESERVE: nothing is reserved, a touch may end with SIGBUS",
  "read, none   protection; without them it is readable and writable",
  "file=PATH    a file on a hugetlbfs, made if there is none, instead of anonymous memory",
  "offset=BYTES where in the file to begin",
  "at=ADDR      MAP_FIXED: exactly there",
];

/** Arguments of the system call, but for what is opened. */
export interface MmapOptions extends Omit<MmapRequest, "file" | "length"> {
  /** Path of the file to map. */
  readonly path?: string;
}

/** Reads the options of `mmap`. */
export function mmapOptions(session: Session, options: readonly string[]): MmapOptions | CommandResult {
  const read: { -readonly [Key in keyof MmapOptions]: MmapOptions[Key] } = { flags: 0 };
  for (const option of options) {
    const error = readOption(session, option, read);
    if (error !== undefined) return error;
  }
  if ((read.flags & (MAP_SHARED | MAP_PRIVATE)) === 0) read.flags |= MAP_PRIVATE;
  if (read.path === undefined) read.flags |= MAP_ANONYMOUS;
  return read;
}

function readOption(
  session: Session,
  option: string,
  into: { -readonly [Key in keyof MmapOptions]: MmapOptions[Key] },
): CommandResult | undefined {
  const [key = "", value] = option.split("=", 2);
  if (value === undefined && Object.hasOwn(flagWords, key)) {
    into.flags |= flagWords[key] as number;
  } else if (value === undefined && Object.hasOwn(protWords, key)) {
    into.prot = protWords[key] as number;
  } else if (key === "file" && value !== undefined) {
    into.path = value;
  } else if (key === "offset" && value !== undefined) {
    const bytes = bytesOf("mmap", "offset", value);
    if (isResult(bytes)) return bytes;
    into.offset = bytes;
  } else if (key === "at" && value !== undefined) {
    const address = addressOf(session, "mmap", value);
    if (isResult(address)) return address;
    into.address = address;
    into.flags |= MAP_FIXED;
  } else {
    return unknownOption(option);
  }
  return undefined;
}

function unknownOption(option: string): CommandResult {
  const meant = nearestName(option, mmapOptionWords);
  return wrong(
    `mmap: ${option} is no option`,
    `one of ${mmapOptionWords.join(", ")}`,
    meant === undefined ? "help mmap explains them" : `did you mean ${meant}?`,
  );
}
