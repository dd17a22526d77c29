import { errnoOf, isErrno } from "@xsp/guest";
import { alignColumns } from "../report/text.ts";
import { processOf } from "./argument.ts";
import { type Command, done, isResult, refused } from "./command.ts";

/** Processes: who there is, how they begin and how they end. */
export const processCommands: readonly Command[] = [
  {
    name: "ps",
    outside: true,
    usage: "ps",
    args: [0, 0],
    help: "list the processes",
    details: [
      "R runs, S sleeps, D waits for its vfork child; PIN: its page tables are pinned; VSZ: bytes mapped; PT: its page-table pages;",
      "HUGE: its entries that map hugepages.",
    ],
    run: ({ guest }) => {
      const rows = guest
        .processes()
        .map((process) => [
          String(process.pid),
          String(process.ppid),
          process.waits ? "D" : process.current ? "R" : "S",
          process.pinned ? "yes" : "no",
          `${process.vmas.reduce((sum, { start, end }) => sum + end - start, 0) / 1024} kB`,
          String(process.pageTablePages),
          String(process.hugepagesMapped),
          process.comm,
        ]);
      const table = [["PID", "PPID", "S", "PIN", "VSZ", "PT", "HUGE", "COMMAND"], ...rows];
      // All but the last column to the right, as ps has them.
      const numbers = alignColumns(table.map((row) => ["", ...row.slice(0, -1)]));
      return done(...table.map((row, at) => `${numbers[at]}  ${row.at(-1)}`));
    },
  },
  {
    name: "spawn",
    usage: "spawn [COMM]",
    args: [0, 1],
    help: "start a process with an empty address space; prints its pid",
    run: ({ guest }, [comm = "sh"]) => {
      const process = guest.spawn(comm);
      return isErrno(process) ? refused("spawn", errnoOf(process)) : done(String(process.pid));
    },
  },
  {
    name: "fork",
    usage: "fork PID",
    args: [1, 1],
    help: "fork a process; prints the child's pid",
    run: (session, [pid]) => {
      const parent = processOf(session, "fork", pid as string);
      if (isResult(parent)) return parent;
      const child = session.guest.fork(parent);
      return isErrno(child) ? refused("fork", errnoOf(child)) : done(String(child.pid));
    },
  },
  {
    name: "vfork",
    usage: "vfork PID",
    args: [1, 1],
    help: "run a child in its parent's memory, which waits until the child execs or exits; prints its pid",
    run: (session, [pid]) => {
      const parent = processOf(session, "vfork", pid as string);
      return isResult(parent) ? parent : done(String(session.guest.vfork(parent).pid));
    },
  },
  {
    name: "exec",
    usage: "exec PID [COMM]",
    args: [1, 2],
    help: "give a process an empty address space and, if you like, another name",
    run: (session, [pid, comm]) => {
      const process = processOf(session, "exec", pid as string);
      if (isResult(process)) return process;
      const rc = session.guest.exec(process, comm);
      return rc === 0 ? done() : refused("exec", errnoOf(rc));
    },
  },
  {
    name: "exit",
    usage: "exit PID",
    args: [1, 1],
    help: "end a process",
    run: (session, [pid]) => {
      const process = processOf(session, "exit", pid as string);
      if (isResult(process)) return process;
      session.guest.exit(process);
      return done();
    },
  },
];
