import { fillWords } from "@xsp/words";
import { PGC_allocated, PGC_state_free, PGC_xen_heap } from "./count-info.ts";
import type { Host } from "./host.ts";
import type { MemoryRange } from "./host-options.ts";
import { OWNER_IO, storeOwner } from "./owner-info.ts";

/*
 * What a machine's memory is when Xen has started: free RAM in the heap, Xen's own, and I/O.
 */

/**
 * Xen at the bottom of memory, and RAM above.
 *
 * @param asked - frames that Xen is to keep; undefined for one superpage.
 * @throws RangeError when the host has not so many.
 */
export function defaultMemoryMap({ frames, superpageOrder }: Host, asked: number | undefined): readonly MemoryRange[] {
  const xenFrames = asked ?? 1 << superpageOrder;
  if (!Number.isInteger(xenFrames) || xenFrames < 0 || xenFrames > frames) {
    throw new RangeError(
      `xenFrames: ${xenFrames} ${asked === undefined ? "by default (one superpage)" : "given"}, expected a whole number ` +
        `from 0 to ${frames}, the frames of the host`,
    );
  }
  return [
    { start: 0, frames: xenFrames, kind: "xen" },
    { start: xenFrames, frames: frames - xenFrames, kind: "ram" },
  ];
}

/**
 * Gives each frame its first state: free RAM, Xen's own (which nobody can reference), or I/O. Frames in no range are Xen's.
 *
 * @throws RangeError when a range does not fit into the host, has frames of another, or is of no kind that there is.
 */
export function layOutMemory(
  { count, owner, heap, frames, superpageOrder }: Host,
  ranges: readonly MemoryRange[],
): void {
  checkRanges(ranges, frames);
  fillWords(count, PGC_xen_heap, 0, frames);
  for (const { start, frames: length, kind } of ranges) {
    const end = start + length;
    if (kind === "ram") {
      fillWords(count, PGC_state_free, start, end);
      for (let frame = start; frame < end;) {
        const next = Math.min(end, ((frame >> superpageOrder) + 1) << superpageOrder);
        const extent = 4 + (frame >> superpageOrder);
        heap.store(extent, heap.load(extent) + next - frame);
        frame = next;
      }
      heap.store(1, heap.load(1) + length);
    } else if (kind === "io") {
      fillWords(count, PGC_allocated | 1, start, end);
      for (let frame = start; frame < end; frame++) storeOwner(owner, frame, OWNER_IO);
    }
  }
}

/** A frame in two ranges would count as free more often than it is, and the heap would search for it for ever. */
function checkRanges(ranges: readonly MemoryRange[], frames: number): void {
  for (const { start, frames: length, kind } of ranges) {
    if (!Number.isInteger(start) || !Number.isInteger(length) || start < 0 || length < 0 || start + length > frames) {
      throw new RangeError(`memoryMap: a range of ${length} frames from ${start} does not fit into ${frames} frames`);
    }
    if (kind !== "ram" && kind !== "xen" && kind !== "io") {
      throw new RangeError(`memoryMap: a range of kind "${String(kind)}" from ${start}, expected ram, xen or io`);
    }
  }
  let end = 0;
  for (const range of ranges.filter((each) => each.frames > 0).sort((a, b) => a.start - b.start)) {
    if (range.start < end) {
      throw new RangeError(`memoryMap: frame ${range.start} is in two ranges, expected ranges that do not overlap`);
    }
    end = range.start + range.frames;
  }
}

/** The first frame that Xen keeps; where it keeps none the last of all, which a guest may have then. */
export function firstXenFrame({ count, frames }: Host): number {
  let frame = 0;
  while (frame < frames - 1 && (count.load(frame) & PGC_xen_heap) === 0) frame++;
  return frame;
}
