import type { Guest, GuestEvents, HugetlbfsMount } from "@xsp/guest";
import { type Host, type PerfSnapshot, dmesgLines, snapshotPerf } from "@xsp/hypervisor";

/** What a console remembers between two commands. */
export class Session {
  readonly host: Host;
  readonly guest: Guest;
  /** Addresses of mappings, by the name that mmap or shmat gave: `m1`, `m2`, … */
  readonly mappings: Map<string, number> = new Map();
  /** Ids of segments, by the name that shmget gave: `s1`, `s2`, … */
  readonly segments: Map<string, number> = new Map();
  /** Mounts of hugetlbfs, by where they are. */
  readonly mounts: Map<string, HugetlbfsMount> = new Map();
  /** Counters at the last `events`. */
  counted: { readonly guest: GuestEvents; readonly perf: PerfSnapshot };

  /** Lines of Xen's console that `xl dmesg` prints. */
  xenLog: readonly string[] = [];
  /** How many refusals of the host's had been taken over. */
  private seen = 0;

  constructor(host: Host, guest: Guest) {
    this.host = host;
    this.guest = guest;
    this.counted = { guest: guest.events(), perf: snapshotPerf(host) };
  }

  /** Names a mapping. A name stays the address's, whatever happens to the mapping: children have it there as well. */
  nameMapping(address: number): string {
    const name = `m${this.mappings.size + 1}`;
    this.mappings.set(name, address);
    return name;
  }

  /** Names a segment. A name stays with an id that is gone. */
  nameSegment(id: number): string {
    const name = `s${this.segments.size + 1}`;
    this.segments.set(name, id);
    return name;
  }

  /** Takes over what Xen has logged by itself since the last time. */
  readXenLog(): void {
    this.xenLog = [...this.xenLog, ...dmesgLines(this.host, this.seen)];
    this.seen = this.host.refusals.added;
  }
}
