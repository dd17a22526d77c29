import {
  MADV_DOFORK,
  MADV_DONTFORK,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
  type Process,
  VM_HUGETLB,
  errnoOf,
} from "@xsp/guest";
import { addressOf, bytesOf, processOf } from "./argument.ts";
import { type Command, type CommandResult, done, isResult, refused, wrong } from "./command.ts";
import { mmapOptionHelp, mmapOptions } from "./mmap-options.ts";
import { openFile } from "./mount-commands.ts";
import type { Session } from "./session.ts";

const pageBytes = 4096;
const hugepageBytes = 2 ** 21;

/** System calls about mappings, and accesses to memory. */
export const memoryCommands: readonly Command[] = [
  {
    name: "mmap",
    usage: "mmap PID BYTES [OPTION …]",
    args: [2, Infinity],
    help: "map memory; prints a name for the mapping and its address",
    details: [
      ...mmapOptionHelp,
      "The name (m1, m2, …) can be written wherever ADDR is; m1+4MiB is 4 MiB behind its begin.",
    ],
    run: mmapCommand,
  },
  {
    name: "munmap",
    usage: "munmap PID ADDR [BYTES]",
    args: [2, 3],
    help: "take a range out of a process; without BYTES the mapping that begins at ADDR",
    run: (session, [pid, where, size]) => {
      const range = rangeOf(session, "munmap", pid as string, where as string, size);
      if (isResult(range)) return range;
      const { process, address, bytes } = range;
      return rcResult("munmap", session.guest.munmap(process, address, bytes));
    },
  },
  {
    name: "mremap",
    usage: "mremap PID ADDR BYTES NEWBYTES",
    args: [4, 4],
    help: "make a mapping shorter or longer where it is; prints its address",
    run: (session, [pid, where, size, newSize]) => {
      const range = rangeOf(session, "mremap", pid as string, where as string, size);
      if (isResult(range)) return range;
      const newBytes = bytesOf("mremap", "NEWBYTES", newSize as string);
      if (isResult(newBytes)) return newBytes;
      const { process, address, bytes = 0 } = range;
      const result = session.guest.mremap(process, address, bytes, newBytes);
      return result < 0 ? refused("mremap", errnoOf(result)) : done(`0x${result.toString(16)}`);
    },
  },
  {
    name: "mprotect",
    usage: "mprotect PID ADDR BYTES write|read|none",
    args: [4, 4],
    help: "change what a process may do with a range",
    run: (session, [pid, where, size, word]) => {
      const range = rangeOf(session, "mprotect", pid as string, where as string, size);
      if (isResult(range)) return range;
      const prot = wordOf(
        "mprotect",
        { write: PROT_READ | PROT_WRITE, read: PROT_READ, none: PROT_NONE },
        word as string,
      );
      if (isResult(prot)) return prot;
      const { process, address, bytes = 0 } = range;
      return rcResult("mprotect", session.guest.mprotect(process, address, bytes, prot));
    },
  },
  {
    name: "madvise",
    usage: "madvise PID ADDR BYTES dontfork|dofork",
    args: [4, 4],
    help: "say whether fork copies a range",
    run: (session, [pid, where, size, word]) => {
      const range = rangeOf(session, "madvise", pid as string, where as string, size);
      if (isResult(range)) return range;
      const advice = wordOf("madvise", { dontfork: MADV_DONTFORK, dofork: MADV_DOFORK }, word as string);
      if (isResult(advice)) return advice;
      const { process, address, bytes = 0 } = range;
      return rcResult("madvise", session.guest.madvise(process, address, bytes, advice));
    },
  },
  {
    name: "touch",
    usage: "touch PID ADDR|all [BYTES] [write|read]",
    args: [2, 4],
    help: "let a process write to (or read) each page of a range",
    details: [
      "Without BYTES: from ADDR to the end of the mapping that it is in. all: every mapping of the process.",
      "touch 1 m1+2MiB 1 is a single access. A process that receives a signal ends.",
    ],
    run: touchCommand,
  },
];

function rangeOf(
  session: Session,
  command: string,
  pid: string,
  where: string,
  size?: string,
): { process: Process; address: number; bytes?: number } | CommandResult {
  const process = processOf(session, command, pid);
  if (isResult(process)) return process;
  const address = addressOf(session, command, where);
  if (isResult(address)) return address;
  if (size === undefined) return { process, address };
  const bytes = bytesOf(command, "BYTES", size);
  return isResult(bytes) ? bytes : { process, address, bytes };
}

/** Reads a word that stands for a number of the ABI. */
function wordOf(command: string, words: Readonly<Record<string, number>>, word: string): number | CommandResult {
  const value = Object.hasOwn(words, word) ? words[word] : undefined;
  if (value !== undefined) return value;
  return wrong(`${command}: ${word}: not understood`, `one of ${Object.keys(words).join(", ")}`, `help ${command}`);
}

/** The result of a system call that returns 0 or a negated errno. */
function rcResult(command: string, rc: number): CommandResult {
  return rc === 0 ? done() : refused(command, errnoOf(rc));
}

function mmapCommand(session: Session, [pid, size, ...words]: readonly string[]): CommandResult {
  const { guest } = session;
  const process = processOf(session, "mmap", pid as string);
  if (isResult(process)) return process;
  const length = bytesOf("mmap", "BYTES", size as string);
  if (isResult(length)) return length;
  const options = mmapOptions(session, words);
  if (isResult(options)) return options;
  const { path, ...request } = options;
  const file = path === undefined ? undefined : openFile(session, "mmap", path);
  if (file !== undefined && isResult(file)) return file;
  const address = guest.mmap(process, { length, ...request, ...(file === undefined ? {} : { file }) });
  if (file !== undefined) guest.hugetlbfs.close(file);
  if (address < 0) return refused("mmap", errnoOf(address));
  return done(`${session.nameMapping(address)} 0x${address.toString(16)}`);
}

function touchCommand(session: Session, [pid, where, ...rest]: readonly string[]): CommandResult {
  const process = processOf(session, "touch", pid as string);
  if (isResult(process)) return process;
  const access = rest.at(-1) === "read" || rest.at(-1) === "write" ? rest.at(-1) : undefined;
  const [size, surplus] = access === undefined ? rest : rest.slice(0, -1);
  if (surplus !== undefined || (where === "all" && size !== undefined)) {
    return wrong(
      `touch: ${surplus ?? size}: not expected here`,
      "touch PID ADDR|all [BYTES] [write|read]",
      "help touch",
    );
  }
  const ranges = rangesOf(session, process, where as string, size);
  if (isResult(ranges)) return ranges;
  return touchRanges(session, process, ranges, access !== "read");
}

type Range = readonly [start: number, end: number];

function rangesOf(session: Session, process: Process, where: string, size?: string): readonly Range[] | CommandResult {
  const vmas = process.mm?.vmas ?? [];
  if (where === "all") return vmas.map(({ start, end }) => [start, end] as const);
  const start = addressOf(session, "touch", where);
  if (isResult(start)) return start;
  if (size !== undefined) {
    const bytes = bytesOf("touch", "BYTES", size);
    return isResult(bytes) ? bytes : [[start, start + bytes]];
  }
  const vma = vmas.find((candidate) => candidate.start <= start && start < candidate.end);
  // Without a mapping there is nothing but the access itself.
  return [[start, vma?.end ?? start + 1]];
}

/** Accesses each page of some ranges, hugepages at hugepage steps, until one raises a signal; that ends the process. */
function touchRanges({ guest }: Session, process: Process, ranges: readonly Range[], write: boolean): CommandResult {
  const vmas = process.mm?.vmas ?? [];
  for (const [start, end] of ranges) {
    for (let address = start; address < end;) {
      const signal = guest.touch(process, address, write);
      if (signal !== undefined) {
        guest.exit(process);
        return {
          status: 1,
          output: [],
          errors: [`touch: pid ${process.pid} received ${signal} at 0x${address.toString(16)} and ended`],
          refusal: signal,
        };
      }
      const vma = vmas.find((candidate) => candidate.start <= address && address < candidate.end);
      const step = vma !== undefined && (vma.flags & VM_HUGETLB) !== 0 ? hugepageBytes : pageBytes;
      address = (Math.floor(address / step) + 1) * step;
    }
  }
  return done();
}
