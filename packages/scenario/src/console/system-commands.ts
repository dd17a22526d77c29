import { eventDifference } from "@xsp/guest";
import { audit, perfDifference, snapshotPerf } from "@xsp/hypervisor";
import { alignColumns } from "../report/text.ts";
import { bytesOf } from "./argument.ts";
import { type Command, type CommandResult, done, isResult, wrong } from "./command.ts";
import type { Session } from "./session.ts";

/** What the kernel and the host have to say. */
export const systemCommands: readonly Command[] = [
  {
    name: "balloon",
    usage: "balloon BYTES",
    args: [1, 1],
    help: "give memory to Xen, or take it, until the guest has as much (xl mem-set); prints what it has now",
    run: ({ guest }, [size]) => {
      const bytes = bytesOf("balloon", "BYTES", size as string);
      if (isResult(bytes)) return bytes;
      return done(`${guest.setBalloonTarget(Math.floor(bytes / 4096)) * 4} kB`);
    },
  },
  {
    name: "suspend",
    usage: "suspend",
    args: [0, 0],
    help: "get ready to be saved: every address space is pinned, nothing runs",
    run: ({ guest }) => {
      const pinned = guest.suspend();
      return done(`${pinned} address spaces pinned`);
    },
  },
  {
    name: "resume",
    outside: true,
    usage: "resume",
    args: [0, 0],
    help: "go on after a suspend",
    run: ({ guest }) => {
      if (!guest.isSuspended()) return wrong("resume: the guest runs", "a guest that is suspended", "suspend stops it");
      return done(`${guest.resume()} address spaces unpinned`);
    },
  },
  {
    name: "dmesg",
    outside: true,
    usage: "dmesg",
    args: [0, 0],
    help: "print the log of the guest's kernel",
    run: ({ guest }) => done(...guest.log),
  },
  {
    name: "events",
    outside: true,
    usage: "events",
    args: [0, 0],
    help: "print what guest and Xen have counted since the last time",
    details: ["Counters that have not moved are left out."],
    run: countedEvents,
  },
  {
    name: "audit",
    outside: true,
    usage: "audit",
    args: [0, 0],
    help: "recount every reference from the page tables and compare",
    run: auditHost,
  },
];

function countedEvents(session: Session): CommandResult {
  const { host, guest, counted } = session;
  const now = { guest: guest.events(), perf: snapshotPerf(host) };
  session.counted = now;
  const rows = [
    ...Object.entries(eventDifference(counted.guest, now.guest)).map(
      ([name, count]) => [`guest ${name}`, count] as const,
    ),
    ...Object.entries(perfDifference(counted.perf, now.perf)).map(([name, count]) => [`xen   ${name}`, count] as const),
  ].filter(([, count]) => count !== 0);
  return done(...alignColumns(rows.map(([name, count]) => [name, String(count)])));
}

function auditHost({ host }: Session): CommandResult {
  const differences = audit(host);
  if (differences.length === 0) return done("every count is right");
  const errors = differences.map(
    ({ mfn, word, expected, found, reason }) =>
      `mfn 0x${mfn.toString(16)}: ${word} is ${found}, expected ${expected}: ${reason}`,
  );
  return { status: 1, output: [], errors: [`audit: ${differences.length} differences`, ...errors] };
}
