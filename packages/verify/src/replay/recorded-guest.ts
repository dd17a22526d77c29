import {
  allocateFramesAt,
  builderStore,
  createDomain,
  createHost,
  type Domain,
  doMmuextOp,
  DOMID_SELF,
  doSetGdt,
  type HostOptions,
  type MemoryRange,
  mfn,
  MMUEXT_CLEAR_PAGE,
  MMUEXT_NEW_BASEPTR,
  MMUEXT_NEW_USER_BASEPTR,
  MMUEXT_PIN_L4_TABLE,
  pteHi,
  pteLo,
  unpauseDomain,
  type Vcpu,
} from "@xsp/hypervisor";
import { FrameNames } from "../trace/frame-names.ts";
import type { RecordedMachine } from "../trace/recorded-machine.ts";
import type { TraceHeader } from "../trace/trace-header.ts";
import { word64 } from "../trace/word64.ts";
import type { TraceMachine } from "./trace-machine.ts";

/*
 * The tiny guest of the recorded traces, as it stood before operation 0.
 *
 *   g4[0] ─► boot L3[0] ─► boot L2[0] ─► boot L1 of the kernel: s4, data RW, tables and descriptors RO, some absent
 *                               [1] ─► boot L1 of lowmem: all of s3, RW
 *   g4[2] is where operation 0 links tl3.
 *
 * What FORMAT.md tells: each frame of s3 is mapped once RW; g4 is pinned, kernel root and user root; one descriptor frame
 * in s4 is registered. What the first `st` of the probed runs adds: frames that were never used have the type `writable`
 * with count 0 (the boot code cleared them through Xen), g4 has one RO mapping (general count 5), the frames p*, tl* and
 * s4+0 none. Where inside s4 the boot tables stand is not told and makes no difference.
 */

const SUPERPAGE = 512;
/** Places of the boot tables in s4; the recorded g4 stands at s4+0x168. */
const bootPlaces = { l3: 0x10, l2: 0x11, kernelL1: 0x12, lowmemL1: 0x13, gdt: 0x14 } as const;
/** Frames of s4 that are kernel data, mapped RW. */
const kernelData = { from: 0x20, to: 0x60 } as const;
/** Where RAM begins: below are firmware and I/O. */
const RAM_START = 0x100;
/** Xen's own memory: the first frames of RAM, its image and heap near the top, and the last frame of all. */
const XEN_LOW_FRAMES = 0x700;
const XEN_IMAGE = 0x1f800;
const XEN_IMAGE_FRAMES = 0x200;

const PRESENT_RW_USER = 7;
const PRESENT_USER = 5;

/**
 * The 512 MiB machine on which the traces were recorded. Below 1 MiB is I/O space, beyond the last RAM frame nothing.
 */
function memoryMap(maxPage: number): MemoryRange[] {
  const low = RAM_START + XEN_LOW_FRAMES;
  const high = XEN_IMAGE + XEN_IMAGE_FRAMES;
  return [
    { start: 0, frames: RAM_START, kind: "io" },
    { start: RAM_START, frames: XEN_LOW_FRAMES, kind: "xen" },
    { start: low, frames: XEN_IMAGE - low, kind: "ram" },
    { start: XEN_IMAGE, frames: XEN_IMAGE_FRAMES, kind: "xen" },
    { start: high, frames: maxPage - 1 - high, kind: "ram" },
    { start: maxPage - 1, frames: 1, kind: "xen" },
  ];
}

/**
 * Builds the machine of a recorded trace in the state before its first operation, through the hypervisor's public
 * interface only.
 *
 * @throws RangeError when the header's frames do not fit into the machine.
 */
export function buildRecordedGuest(header: TraceHeader, recorded: RecordedMachine): TraceMachine {
  const host = createHost({
    frames: header.maxPage,
    memoryMap: memoryMap(header.maxPage),
    scheme: recorded.scheme,
    version: recorded.version as NonNullable<HostOptions["version"]>,
    superpagesAllowed: recorded.superpagesAllowed,
    debugBuild: recorded.debugBuild,
    unfixed: (recorded.unfixed ?? []) as NonNullable<HostOptions["unfixed"]>,
    maxVcpus: 1,
  });
  const domain = createDomain(host, { domid: 0, privileged: true, maxFrames: header.guestFrames });
  const vcpu = domain.vcpus[0] as Vcpu;
  allocateGuestFrames(domain, header);
  clearFrames(vcpu, neverUsedFrames(header));
  const boot = writeBootTables(domain, header);
  loadRoots(vcpu, header.tables.g4);
  const descriptors = doSetGdt(vcpu, Int32Array.of(boot.gdt), 15);
  if (descriptors !== 0) throw new RangeError(`the guest's own descriptor frame is refused: ${descriptors}`);
  unpauseDomain(domain);
  return {
    host,
    header,
    names: new FrameNames(header),
    guests: [{ domain, vcpu, gdtFrame: boot.gdt }],
    superpageFrames: SUPERPAGE,
    tableEntries: 512,
    testBase: { lo: 0, hi: 0x100 },
    lowmemBase: word64(SUPERPAGE * 4096),
  };
}

/** Gives the guest the frames that the header names, and as many more as it had. */
function allocateGuestFrames(domain: Domain, header: TraceHeader): void {
  const single = [...new Set([...header.pool, ...Object.values(header.tables)])];
  const runs = [
    ...header.superpages.map((start) => ({ start, frames: SUPERPAGE })),
    ...single.filter((frame) => !inSuperpage(header, frame)).map((start) => ({ start, frames: 1 })),
  ].sort((a, b) => b.start - a.start);
  let left = header.guestFrames;
  const allocate = (start: number, frames: number): void => {
    if (!allocateFramesAt(domain, mfn(start), frames)) {
      throw new RangeError(`frames 0x${start.toString(16)}+${frames}: not free RAM of the machine`);
    }
    left -= frames;
  };
  for (const { start, frames } of runs) allocate(start, frames);
  // The rest of the 128 MiB fills the gaps from the top down: which frames they were is not told, no operation names
  // them.
  const low = RAM_START + XEN_LOW_FRAMES;
  let end = XEN_IMAGE;
  for (const { start, frames } of [...runs.filter((run) => run.start < XEN_IMAGE), { start: low, frames: 0 }]) {
    const room = Math.min(left, end - (start + frames));
    if (room > 0) allocate(end - room, room);
    end = start;
  }
  if (left > 0) throw new RangeError(`nr_pages: ${header.guestFrames} frames are more than the machine has`);
}

function inSuperpage(header: TraceHeader, frame: number): boolean {
  return header.superpages.some((first) => frame >= first && frame < first + SUPERPAGE);
}

function* neverUsedFrames(header: TraceHeader): Generator<number> {
  yield* header.pool;
  for (const frame of Object.values(header.tables)) if (frame !== header.tables.g4) yield frame;
  for (const first of header.superpages) {
    for (let frame = first; frame < first + SUPERPAGE; frame++) if (frame !== header.tables.g4) yield frame;
  }
}

function clearFrames(vcpu: Vcpu, frames: Iterable<number>): void {
  const words: number[] = [];
  for (const frame of frames) words.push(MMUEXT_CLEAR_PAGE, 0, frame, 0, 0, 0);
  const refused = doMmuextOp(vcpu, Int32Array.from(words), words.length / 6, DOMID_SELF);
  if (refused !== 0) throw new RangeError(`the guest's frames cannot be cleared: ${refused}`);
}

function writeBootTables(domain: Domain, header: TraceHeader): { gdt: number } {
  const [lowmem, kernel] = [header.superpages[3], header.superpages[4]];
  if (lowmem === undefined || kernel === undefined) {
    throw new RangeError("the header names fewer than five superpages: s3 and s4 are missing");
  }
  const { g4 } = header.tables;
  const write = (table: number, entry: number, frame: number, flags: number): void => {
    if (!builderStore(domain, mfn(table), entry, pteLo(frame, flags), pteHi(frame))) {
      throw new RangeError(`the builder cannot write frame 0x${table.toString(16)}`);
    }
  };
  const place = (name: keyof typeof bootPlaces): number => kernel + bootPlaces[name];
  write(g4, 0, place("l3"), PRESENT_RW_USER);
  write(place("l3"), 0, place("l2"), PRESENT_RW_USER);
  write(place("l2"), 0, place("kernelL1"), PRESENT_RW_USER);
  write(place("l2"), 1, place("lowmemL1"), PRESENT_RW_USER);
  for (const frame of [g4, ...Object.values(bootPlaces).map((offset) => kernel + offset)]) {
    if (frame >= kernel && frame < kernel + SUPERPAGE) write(place("kernelL1"), frame - kernel, frame, PRESENT_USER);
  }
  for (let at = kernelData.from; at < kernelData.to; at++) write(place("kernelL1"), at, kernel + at, PRESENT_RW_USER);
  for (let at = 0; at < SUPERPAGE; at++) write(place("lowmemL1"), at, lowmem + at, PRESENT_RW_USER);
  return { gdt: place("gdt") };
}

function loadRoots(vcpu: Vcpu, root: number): void {
  for (const command of [MMUEXT_PIN_L4_TABLE, MMUEXT_NEW_BASEPTR, MMUEXT_NEW_USER_BASEPTR]) {
    const refused = doMmuextOp(vcpu, Int32Array.of(command, 0, root, 0, 0, 0), 1, DOMID_SELF);
    if (refused !== 0) throw new RangeError(`the guest's root cannot be loaded: ${refused}`);
  }
}
