import {
  type HugetlbFile,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_HUGETLB,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_SHARED,
  type MmapRequest,
  PROT_NONE,
  PROT_READ,
  type ShmemFile,
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
  "file=NAME    a segment of shmget instead of anonymous memory",
  "offset=BYTES where in the file to begin",
  "at=ADDR      MAP_FIXED: exactly there",
];

/** Reads the options of `mmap` and makes the system call's arguments of them. */
export function mmapRequest(session: Session, length: number, options: readonly string[]): MmapRequest | CommandResult {
  let flags = 0;
  let prot: number | undefined;
  let offset: number | undefined;
  let address: number | undefined;
  let file: HugetlbFile | ShmemFile | undefined;
  for (const option of options) {
    const [key = "", value] = option.split("=", 2);
    if (value === undefined && Object.hasOwn(flagWords, key)) {
      flags |= flagWords[key] as number;
    } else if (value === undefined && Object.hasOwn(protWords, key)) {
      prot = protWords[key];
    } else if (key === "file" && value !== undefined) {
      file = session.segments.get(value);
      if (file === undefined) return unknownSegment(session, "mmap", value);
    } else if (key === "offset" && value !== undefined) {
      const bytes = bytesOf("mmap", "offset", value);
      if (isResult(bytes)) return bytes;
      offset = bytes;
    } else if (key === "at" && value !== undefined) {
      const fixed = addressOf(session, "mmap", value);
      if (isResult(fixed)) return fixed;
      address = fixed;
      flags |= MAP_FIXED;
    } else {
      return unknownOption(option);
    }
  }
  if ((flags & (MAP_SHARED | MAP_PRIVATE)) === 0) flags |= MAP_PRIVATE;
  return {
    length,
    flags: file === undefined ? flags | MAP_ANONYMOUS : flags,
    ...(prot === undefined ? {} : { prot }),
    ...(file === undefined ? {} : { file }),
    ...(offset === undefined ? {} : { offset }),
    ...(address === undefined ? {} : { address }),
  };
}

function unknownOption(option: string): CommandResult {
  const meant = nearestName(option, mmapOptionWords);
  return wrong(
    `mmap: ${option} is no option`,
    `one of ${mmapOptionWords.join(", ")}`,
    meant === undefined ? "help mmap explains them" : `did you mean ${meant}?`,
  );
}

/** Says that no segment has a name. */
export function unknownSegment({ segments }: Session, command: string, name: string): CommandResult {
  return wrong(
    `${command}: ${name}: there is no such segment`,
    segments.size === 0 ? "a segment; there is none yet" : `one of ${[...segments.keys()].join(", ")}`,
    "shmget makes one and names it",
  );
}
