import { SHM_HUGETLB, SHM_NORESERVE, errnoOf } from "@xsp/guest";
import { addressOf, bytesOf, processOf } from "./argument.ts";
import { type Command, type CommandResult, done, isResult, refused, wrong } from "./command.ts";
import type { Session } from "./session.ts";

const segmentFlags: Readonly<Record<string, number>> = { hugetlb: SHM_HUGETLB, noreserve: SHM_NORESERVE };

/** System V shared memory, as databases use it. */
export const segmentCommands: readonly Command[] = [
  {
    name: "shmget",
    usage: "shmget BYTES [hugetlb] [noreserve]",
    args: [1, 3],
    help: "make a shared segment; prints a name for it",
    details: ["hugetlb: SHM_HUGETLB, reserved as a whole at once, unless noreserve: SHM_NORESERVE."],
    run: shmgetCommand,
  },
  {
    name: "shmat",
    usage: "shmat PID SEGMENT [read]",
    args: [2, 3],
    help: "map a segment; prints a name for the mapping and its address",
    run: (session, [pid, name, access]) => {
      const process = processOf(session, "shmat", pid as string);
      if (isResult(process)) return process;
      const id = segmentOf(session, "shmat", name as string);
      if (isResult(id)) return id;
      if (access !== undefined && access !== "read")
        return wrong(`shmat: ${access} is no option`, "read", "help shmat");
      const address = session.guest.shm.at(process, id, access === "read");
      if (address < 0) return refused("shmat", errnoOf(address));
      return done(`${session.nameMapping(address)} 0x${address.toString(16)}`);
    },
  },
  {
    name: "shmdt",
    usage: "shmdt PID ADDR",
    args: [2, 2],
    help: "unmap a segment",
    run: (session, [pid, where]) => {
      const process = processOf(session, "shmdt", pid as string);
      if (isResult(process)) return process;
      const address = addressOf(session, "shmdt", where as string);
      if (isResult(address)) return address;
      const rc = session.guest.shm.dt(process, address);
      return rc === 0 ? done() : refused("shmdt", errnoOf(rc));
    },
  },
  {
    name: "ipcrm",
    usage: "ipcrm SEGMENT",
    args: [1, 1],
    help: "destroy a segment when its last process detaches (IPC_RMID)",
    run: (session, [name]) => {
      const id = segmentOf(session, "ipcrm", name as string);
      if (isResult(id)) return id;
      const rc = session.guest.shm.rmid(id);
      return rc === 0 ? done() : refused("ipcrm", errnoOf(rc));
    },
  },
];

function shmgetCommand(session: Session, [size, ...options]: readonly string[]): CommandResult {
  const bytes = bytesOf("shmget", "BYTES", size as string);
  if (isResult(bytes)) return bytes;
  let flags = 0;
  for (const option of options) {
    const flag = Object.hasOwn(segmentFlags, option) ? segmentFlags[option] : undefined;
    if (flag === undefined) return wrong(`shmget: ${option} is no option`, "hugetlb, noreserve", "help shmget");
    flags |= flag;
  }
  const id = session.guest.shm.get({ size: bytes, flags });
  return id < 0 ? refused("shmget", errnoOf(id)) : done(session.nameSegment(id));
}

function segmentOf({ segments }: Session, command: string, name: string): number | CommandResult {
  const id = segments.get(name);
  if (id !== undefined) return id;
  return wrong(
    `${command}: ${name}: there is no such segment`,
    segments.size === 0 ? "a segment; there is none yet" : `one of ${[...segments.keys()].join(", ")}`,
    "shmget makes one and names it",
  );
}
