import {
  type Host,
  type PerfSnapshot,
  type SchemeName,
  audit,
  createHost,
  mfn,
  ownerOf,
  perfDifference,
  pfn,
  readCount,
  readType,
  schemeNames,
  snapshotPerf,
} from "@xsp/hypervisor";
import { expect } from "vitest";
import {
  type Guest,
  type GuestEvents,
  type GuestOptions,
  type HugetlbFile,
  MAP_ANONYMOUS,
  MAP_HUGETLB,
  MAP_SHARED,
  type Process,
  type ShmemFile,
  bootGuest,
  eventDifference,
  isErrno,
} from "../src/index.ts";
import { INVALID_P2M_ENTRY } from "../src/phys-to-machine.ts";

/** Every scheme of the hypervisor. */
export const allSchemes: readonly SchemeName[] = schemeNames;

export interface Pair {
  readonly host: Host;
  readonly guest: Guest;
}

/** A host just large enough for a guest, and the guest. Sizes in MiB. */
export function boot(scheme: SchemeName, memoryMiB: number, options: GuestOptions = {}): Pair {
  const host = createHost({ frames: memoryMiB * 256 + 1024, scheme });
  return { host, guest: bootGuest(host, { memoryMiB, ...options }) };
}

/** The result of a call that is expected to succeed. */
export function ok<T>(result: T | number): T {
  if (isErrno(result)) throw new Error(`errno ${result}`);
  return result;
}

/** Maps hugepages, shared and writable: a segment from its begin, or new ones. */
export function mmapHugetlb(guest: Guest, process: Process, length: number, file?: HugetlbFile): number {
  return guest.mmap(
    process,
    file === undefined
      ? { length, flags: MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB }
      : { length, flags: MAP_SHARED, file },
  );
}

/** Maps shared memory of 4 KiB pages: an object from its begin, or a new one. */
export function mmapShared(guest: Guest, process: Process, length: number, file?: ShmemFile): number {
  return guest.mmap(
    process,
    file === undefined ? { length, flags: MAP_SHARED | MAP_ANONYMOUS } : { length, flags: MAP_SHARED, file },
  );
}

/** A guest with one process that has one mapping, all of it touched. */
export interface Mapped extends Pair {
  readonly process: Process;
  readonly address: number;
}

/** Maps so many bytes of anonymous memory and touches them; with `MAP_HUGETLB` out of a pool of six hugepages. */
export function mapped(scheme: SchemeName, length: number, flags: number): Mapped {
  const pair = boot(scheme, 32);
  const { guest } = pair;
  if ((flags & MAP_HUGETLB) !== 0) expect(guest.setNrHugepages(6)).toBe(6);
  const process = ok(guest.spawn());
  const address = ok(guest.mmap(process, { length, flags: flags | MAP_ANONYMOUS }));
  expect(guest.touchAll(process, address)).toBeUndefined();
  return { ...pair, process, address };
}

/** A process that has mapped and touched hugepages; the pool is made that large first. */
export function sharer(guest: Guest, hugepages: number): { process: Process; address: number } {
  expect(guest.setNrHugepages(hugepages)).toBe(hugepages);
  const process: Process = ok(guest.spawn("instance"));
  const address = ok(mmapHugetlb(guest, process, hugepages * 2 ** 21));
  expect(guest.touchAll(process, address)).toBeUndefined();
  return { process, address };
}

/** Says that the audit of a host finds no difference. */
export function expectClean(host: Host): void {
  expect(audit(host)).toEqual([]);
}

/** Says that P2M and M2P of a guest are inverse to each other and name its own frames, each once. */
export function expectInverse(host: Host, { kernel, domain }: Guest): void {
  const seen = new Set<number>();
  for (const [page, frame] of kernel.phys.p2m.entries()) {
    if (frame === INVALID_P2M_ENTRY) continue;
    if (kernel.phys.mfnToPfn(mfn(frame)) !== page || ownerOf(host, frame) !== domain.domid || seen.has(frame)) {
      expect(`page ${page}, frame ${frame}`).toBe("each other's, and the guest's own");
    }
    seen.add(frame);
  }
}

/** Writable type count of a page: 0 where the frame is of another type. */
export function writableCount({ host, guest }: Pair, page: number): number {
  const { typeName, typeCount } = readType(host, guest.kernel.phys.pfnToMfn(pfn(page)));
  return typeName === "writable" ? typeCount : 0;
}

/** Says that every frame of a host is back in the heap and nobody counts anything. */
export function expectAllFree(host: Host, freeAtFirst: number): void {
  expect(host.freeFrames).toBe(freeAtFirst);
  for (let frame = 512; frame < host.frames; frame++) {
    const { count } = readCount(host, frame);
    const { typeCount } = readType(host, frame);
    if (count !== 0 || typeCount !== 0) expect({ frame, count, typeCount }).toEqual({ frame, count: 0, typeCount: 0 });
  }
}

export interface Measured {
  readonly perf: PerfSnapshot;
  readonly events: GuestEvents;
}

/** Counts what a piece of work costs on both sides. */
export function measure({ host, guest }: Pair, work: () => void): Measured {
  const perf = snapshotPerf(host);
  const events = guest.events();
  work();
  return { perf: perfDifference(perf, snapshotPerf(host)), events: eventDifference(events, guest.events()) };
}
