import type { Process } from "@xsp/guest";
import { parseSize, respellSize } from "../quantity.ts";
import { type CommandResult, wrong } from "./command.ts";
import type { Session } from "./session.ts";

// Arguments that several commands have. Each reader returns the value, or the error that is the command's result.

/** Reads the PID of a process that can run. */
export function processOf({ guest }: Session, command: string, word: string): Process | CommandResult {
  const process = /^\d+$/.test(word) ? guest.process(Number(word)) : undefined;
  if (process?.vforkChild !== undefined) {
    const { pid } = process.vforkChild;
    return wrong(
      `${command}: ${word} waits for its vfork child ${pid}`,
      "a process that can run",
      `exec ${pid} or exit ${pid} lets it go on`,
    );
  }
  if (process !== undefined) return process;
  const pids = guest.processes().map(({ pid, comm }) => `${pid} (${comm})`);
  return wrong(
    `${command}: ${word}: there is no such process`,
    pids.length === 0 ? "the pid of a process; none runs" : `a pid: ${pids.join(", ")}`,
    pids.length === 0 ? "spawn starts one" : "ps lists them",
  );
}

/** All that a process can address. */
const mostBytes = 2 ** 47;

/** Reads BYTES: a size with a unit, or a plain number of bytes. */
export function bytesOf(command: string, name: string, word: string): number | CommandResult {
  const bytes = parseBytes(word);
  if (bytes !== undefined && bytes <= mostBytes) return bytes;
  const meant = bytes === undefined ? respellSize(word) : undefined;
  return wrong(
    `${command}: ${name}: ${word} is no size`,
    "bytes, or a number with a unit: B, KiB, MiB, GiB, TiB; 128TiB at most",
    meant === undefined ? `write ${name} as 4096, 0x1000, 4KiB or 64MiB` : `did you mean ${meant}?`,
  );
}

/** Bytes, decimal or hexadecimal, or with a unit. */
function parseBytes(word: string): number | undefined {
  const plain = /^(\d+|0x[0-9a-f]+)$/i.test(word) ? Number(word) : parseSize(word);
  return plain !== undefined && Number.isSafeInteger(plain) ? plain : undefined;
}

/** Reads ADDR: the name of a mapping, also with an offset (`m1+4MiB`), or a number. */
export function addressOf({ mappings }: Session, command: string, word: string): number | CommandResult {
  const [name = "", offset = "0", ...rest] = word.split("+");
  const base = mappings.get(name) ?? (/^(\d+|0x[0-9a-f]+)$/i.test(name) ? Number(name) : undefined);
  const more = parseBytes(offset);
  const address = base === undefined || more === undefined || rest.length > 0 ? undefined : base + more;
  if (address !== undefined && Number.isSafeInteger(address)) return address;
  const known = [...mappings.keys()];
  return wrong(
    `${command}: ${word} is no address`,
    "a mapping's name, with an offset or without (m1, m1+4MiB), or a number below 2^53 (0x2aaac0000000)",
    known.length === 0 ? "mmap makes a mapping and names it" : `name one of ${known.join(", ")}`,
  );
}
