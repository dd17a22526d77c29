import { keyHandler, snapshotPerf } from "@xsp/hypervisor";
import { type Command, done, wrong } from "./command.ts";

/** `xl debug-keys` and `xl dmesg`, of the control domain. */
export const xlCommand: Command = {
  name: "xl",
  outside: true,
  usage: "xl debug-keys KEYS | xl dmesg [-c]",
  args: [1, 2],
  help: "press debug keys, whose output goes to Xen's log; print that log",
  details: [
    "xl debug-keys h has Xen log which keys there are; q: domains, p: perf counters, m: memory.",
    "xl dmesg prints Xen's log, its refusals among it; -c clears it then.",
  ],
  run: (session, [subcommand, argument]) => {
    if (subcommand === "debug-keys" && argument !== undefined) {
      session.readXenLog();
      const lines = Array.from(argument).flatMap((key) => keyHandler(session.host, key));
      session.xenLog = [...session.xenLog, ...lines.map((line) => `(XEN) ${line}`)];
      // Key P sets Xen's counters to 0: what is counted from now on is new.
      if (argument.includes("P")) session.counted = { ...session.counted, perf: snapshotPerf(session.host) };
      return done();
    }
    if (subcommand === "dmesg" && (argument === undefined || argument === "-c")) {
      session.readXenLog();
      const log = session.xenLog;
      if (argument === "-c") session.xenLog = [];
      return done(...log);
    }
    return wrong("xl: not understood", "xl debug-keys KEYS, xl dmesg, or xl dmesg -c", "help xl");
  },
};
