import {
  type AuditDifference,
  makeAuditor,
  perfDifference,
  snapshotPerf,
  type Host,
  type PerfSnapshot,
} from "@xsp/hypervisor";
import { eventDifference, type Guest, type GuestEvents } from "@xsp/guest";
import { eventCounts, type EventCounts } from "./event-counts.ts";
import type { PhaseName, PhaseRun } from "./scheme-run.ts";

/** A clock: nanoseconds since any fixed moment. */
export type Clock = () => number;

interface Reading {
  readonly perf: PerfSnapshot;
  readonly guest: GuestEvents | undefined;
}

/** Measures the parts of one run: events and time around each, and an audit after it. */
export class PhaseRecorder {
  readonly host: Host;
  readonly phases: PhaseRun[] = [];
  private readonly now: Clock;
  private readonly audit: () => readonly AuditDifference[];
  private guest: Guest | undefined;
  private failuresAllowed = 0;

  constructor(host: Host, now: Clock) {
    this.host = host;
    this.now = now;
    this.audit = makeAuditor(host);
  }

  /** From now on the guest's own events are counted too. */
  attach(guest: Guest): void {
    this.guest = guest;
  }

  /**
   * Runs one phase and audits the host after it, outside the measured time.
   *
   * @param mayFail - whether hypercalls of the guest may fail in it: in steps that is a finding, elsewhere a bug.
   */
  record<T>(phase: PhaseName, work: () => T, mayFail = false): T {
    const { result, wallNs, events } = this.measure(work);
    if (mayFail) this.failuresAllowed = this.guest?.events().multicallFailures ?? 0;
    else this.refuseFailures(phase);
    this.phases.push({ phase, wallNs, events, differences: this.audit().length });
    return result;
  }

  /** Events and time of a piece of work, without an audit. */
  measure<T>(work: () => T): { result: T; wallNs: number; events: EventCounts } {
    const before = this.read();
    const started = this.now();
    const result = work();
    const wallNs = this.now() - started;
    return { result, wallNs, events: this.eventsSince(before) };
  }

  /** The record of a phase that has run. */
  phase(name: PhaseName): PhaseRun {
    const found = this.phases.find(({ phase }) => phase === name);
    if (found === undefined) throw new Error(`the phase ${name} has not run`);
    return found;
  }

  /**
   * A guest kernel only logs a batch that failed and goes on, so that a run in which nothing was pinned would look
   * fast, and its books would balance.
   */
  private refuseFailures(phase: PhaseName): void {
    const failures = (this.guest?.events().multicallFailures ?? 0) - this.failuresAllowed;
    if (failures === 0) return;
    const { log } = this.guest as Guest;
    throw new Error(
      `${failures} hypercalls of the guest failed until the end of ${phase}: ${log.slice(-4).join("; ")}`,
    );
  }

  private read(): Reading {
    return { perf: snapshotPerf(this.host), guest: this.guest?.events() };
  }

  private eventsSince(before: Reading): EventCounts {
    const perf = perfDifference(before.perf, snapshotPerf(this.host));
    const events = this.guest?.events();
    // A guest that was booted in between has counted from its own zero.
    const own = events === undefined || before.guest === undefined ? events : eventDifference(before.guest, events);
    return eventCounts(perf, {
      guestStores: own?.plainPteStores ?? 0,
      pageFaults: (own?.pageFaults ?? 0) + (own?.hugepageFaults ?? 0),
    });
  }
}
