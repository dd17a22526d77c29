import { PlainWords, type Words } from "@xsp/words";
import * as countInfo from "./count-info.ts";
import * as typeInfo from "./type-info.ts";

// Constants of this module, which the compiler folds into its code: see "Hot paths" in docs/benchmarks.md.
const { PGC_count_mask } = countInfo;
const { PGT_count_mask, PGT_locked, PGT_pinned, PGT_type_mask, PGT_validated, PGT_writable_page } = typeInfo;

/*
 * The hot loop of XSP: references on run after run of frames, on bare arrays.
 *
 * A fork of 64 GiB under `per-frame` takes 33,554,432 references here and its exec gives them back. Through the door
 * (`Words`), each costs a call that the compiler must inline, a bounds check of its own and the word read twice, once to
 * look and once to swap. With one thread nothing can come in between, so here each word is read once and written once.
 *
 * What a frame must look like for this loop is the common case only: in use by this domain, writable already, no count at
 * its limit or near 0, not locked. At the first other frame it stops and says where, and the general path
 * (`superpage-frames.ts`) does that frame by `getPage`, `getPageType`, `putPageType` and `putPage`. A test holds both to
 * the same words. Figures: `apps/bench`, "map + unmap" against bare increments.
 */

/** The frame table of a host whose words only one thread uses. */
export interface PlainFrameTable {
  readonly count: Int32Array;
  readonly type: Int32Array;
  /** Owner and TLB stamp, two frames a word: `owner-info.ts`. */
  readonly owner: Int32Array;
}

/** Bare arrays behind a frame table, or undefined when any of them is shared or watched. */
export function plainFrameTable(count: Words, type: Words, owner: Words): PlainFrameTable | undefined {
  return count instanceof PlainWords && type instanceof PlainWords && owner instanceof PlainWords
    ? { count: count.array, type: type.array, owner: owner.array }
    : undefined;
}

const WRITABLE = PGT_writable_page | PGT_validated;
const TYPE_AND_VALIDATED = PGT_type_mask | PGT_validated;
const TYPE_AND_LOCKED = PGT_type_mask | PGT_locked;

/**
 * Takes a general and a writable reference on each frame from `first` on.
 *
 * @returns the first frame before `end` that is not the common case; `end` when all were.
 */
export function getPlainFrames(table: PlainFrameTable, slot: number, first: number, end: number): number {
  const { count, type, owner } = table;
  for (let frame = first; frame < end; frame++) {
    const c = count[frame] as number;
    const t = type[frame] as number;
    if (
      ((c + 2) & PGC_count_mask) <= 2 ||
      (((owner[frame >> 1] as number) >> ((frame & 1) << 4)) & 0xff) !== slot ||
      (t & TYPE_AND_VALIDATED) !== WRITABLE ||
      (t & PGT_count_mask) === PGT_count_mask
    ) {
      return frame;
    }
    count[frame] = c + 1;
    type[frame] = t + 1;
  }
  return end;
}

/** The same with general references alone. */
export function getPlainGeneral(table: PlainFrameTable, slot: number, first: number, end: number): number {
  const { count, owner } = table;
  for (let frame = first; frame < end; frame++) {
    const c = count[frame] as number;
    if (((c + 2) & PGC_count_mask) <= 2 || (((owner[frame >> 1] as number) >> ((frame & 1) << 4)) & 0xff) !== slot) {
      return frame;
    }
    count[frame] = c + 1;
  }
  return end;
}

/** The same with writable references alone, whose general ones are held. */
export function getPlainTypes(table: PlainFrameTable, first: number, end: number): number {
  const { type } = table;
  for (let frame = first; frame < end; frame++) {
    const t = type[frame] as number;
    if ((t & TYPE_AND_VALIDATED) !== WRITABLE || (t & PGT_count_mask) === PGT_count_mask) return frame;
    type[frame] = t + 1;
  }
  return end;
}

/**
 * Gives a writable and a general reference on each frame back, where the general one is not the last.
 *
 * @param clock - the TLB clock, with which a frame is stamped when its type count drops to 0.
 * @returns the first frame before `end` that is not the common case; `end` when all were.
 */
export function putPlainFrames(table: PlainFrameTable, first: number, end: number, clock: number): number {
  const { count, type } = table;
  for (let frame = first; frame < end; frame++) {
    const c = count[frame] as number;
    const t = type[frame] as number;
    if ((c & PGC_count_mask) <= 1 || (t & TYPE_AND_LOCKED) !== PGT_writable_page || (t & PGT_count_mask) === 0) {
      return frame;
    }
    if ((t & PGT_count_mask) === 1) stampPlainFrame(table, frame, clock);
    type[frame] = t - 1;
    count[frame] = c - 1;
  }
  return end;
}

/** The same with general references alone. */
export function putPlainGeneral(table: PlainFrameTable, first: number, end: number): number {
  const { count } = table;
  for (let frame = first; frame < end; frame++) {
    const c = count[frame] as number;
    if ((c & PGC_count_mask) <= 1) return frame;
    count[frame] = c - 1;
  }
  return end;
}

/** The same with writable references alone. */
export function putPlainTypes(table: PlainFrameTable, first: number, end: number, clock: number): number {
  const { type } = table;
  for (let frame = first; frame < end; frame++) {
    const t = type[frame] as number;
    if ((t & TYPE_AND_LOCKED) !== PGT_writable_page || (t & PGT_count_mask) === 0) return frame;
    if ((t & PGT_count_mask) === 1) stampPlainFrame(table, frame, clock);
    type[frame] = t - 1;
  }
  return end;
}

/** `storeStamp` on the bare array. */
export function stampPlainFrame({ owner }: PlainFrameTable, frame: number, clock: number): void {
  const shift = ((frame & 1) << 4) + 8;
  const x = owner[frame >> 1] as number;
  owner[frame >> 1] = (x & ~(0xff << shift)) | (clock << shift);
}

/**
 * Makes the domain of a slot the owner of frames, and leaves their stamps.
 *
 * @returns the first frame before `end` whose stamp is not that of the frame `first`, with nothing done from there on;
 * `end` when all have the same.
 */
export function setPlainOwners({ owner }: PlainFrameTable, slot: number, first: number, end: number): number {
  const stamp = ((owner[first >> 1] as number) >> (((first & 1) << 4) + 8)) & 0xff;
  for (let frame = first; frame < end; frame++) {
    const shift = (frame & 1) << 4;
    const x = owner[frame >> 1] as number;
    if (((x >> (shift + 8)) & 0xff) !== stamp) return frame;
    owner[frame >> 1] = (x & ~(0xff << shift)) | (slot << shift);
  }
  return end;
}

/**
 * Replaces the count word of frames that all have the same.
 *
 * @returns the first frame before `end` that has another one; `end` when none has.
 */
export function replacePlainCounts(
  { count }: PlainFrameTable,
  old: number,
  replacement: number,
  first: number,
  end: number,
): number {
  for (let frame = first; frame < end; frame++) {
    if (count[frame] !== old) return frame;
    count[frame] = replacement;
  }
  return end;
}

/** The first frame from `first` to before `end` that is a pinned page table of the domain of a slot; `end` when none is. */
export function nextPlainPinned({ type, owner }: PlainFrameTable, slot: number, first: number, end: number): number {
  for (let frame = first; frame < end; frame++) {
    if (((type[frame] as number) & PGT_pinned) === 0) continue;
    if ((((owner[frame >> 1] as number) >> ((frame & 1) << 4)) & 0xff) === slot) return frame;
  }
  return end;
}
