import * as countInfo from "./count-info.ts";
import { adjustL1Flags } from "./l1-entry.ts";
import * as pageTableEntry from "./page-table-entry.ts";
import * as ownerInfo from "./owner-info.ts";
import { type PlainFrameTable, stampPlainFrame } from "./plain-frame-table.ts";
import * as typeInfo from "./type-info.ts";

// Constants of this module, which the compiler folds into its code: see "Hot paths" in docs/benchmarks.md.
const { PGC_count_mask } = countInfo;
const { _PAGE_PRESENT, _PAGE_RW, flagsHigh, pteFlags } = pageTableEntry;
const { OWNER_IO } = ownerInfo;
const { PGT_count_mask, PGT_locked, PGT_type_mask, PGT_validated, PGT_writable_page } = typeInfo;

/*
 * Validation of an L1 table, and giving it up, entry after entry, on bare arrays: the direct map of a 64 GiB guest has 16,777,216 entries,
 * all validated when the kernel's root is pinned at boot, and given back when the domain is destroyed.
 *
 * As in `plain-frame-table.ts`, one thread is all there is, only the common case is done here (an entry that is not
 * present, or one of the owner's own RAM which may be mapped like this without a flush), and the loop stops at the first
 * other entry, which is then done as every entry is (`l1-entry.ts`). A test holds both to the same words and counts.
 */

const WRITABLE = PGT_writable_page | PGT_validated;
/** Bits of a type word that must be clear for a frame that nobody uses to become writable by a store. */
const NOT_PLAINLY_FREE = ~(PGT_type_mask | PGT_validated);

/** What is the same for all entries of a table, and what was done to them. */
export interface PlainL1Table {
  readonly frames: PlainFrameTable;
  /** The words that hold the table, and the first of them that does. */
  readonly words: Int32Array;
  readonly offset: number;
  /** Slot of the domain whose table it is and whose frames it may map. */
  readonly slot: number;
  /** Bits refused in a present entry, of the low and of the high word: flags, and frame numbers above 2^31. */
  readonly refusedLo: number;
  readonly refusedHi: number;
  /** Whether a frame may become writable without a flush: no CPU can hold a translation of the domain's. */
  readonly noneDirty: boolean;
  /** References taken or given back by the last call: general ones and writable ones. */
  general: number;
  writable: number;
}

/**
 * Takes the references of the entries from `first` on and stores their adjusted flags.
 *
 * @returns the first slot before `end` that is not the common case; `end` when all were.
 */
export function getPlainL1Entries(table: PlainL1Table, first: number, end: number): number {
  const { words, offset, slot: owner, refusedLo, refusedHi, noneDirty, frames } = table;
  const { count, type, owner: owners } = frames;
  let general = 0;
  let writable = 0;
  let slot = first;
  for (; slot < end; slot++) {
    const index = offset + 2 * slot;
    const lo = words[index] as number;
    if ((lo & _PAGE_PRESENT) === 0) continue;
    const hi = words[index + 1] as number;
    const frame = ((hi & 0x7ff) << 20) | (lo >>> 12);
    if ((lo & refusedLo) !== 0 || (hi & refusedHi) !== 0 || frame >= count.length) break;
    const c = count[frame] as number;
    if (((c + 2) & PGC_count_mask) <= 2 || (((owners[frame >> 1] as number) >> ((frame & 1) << 4)) & 0xff) !== owner) {
      break;
    }
    if ((lo & _PAGE_RW) !== 0) {
      const t = type[frame] as number;
      if ((t & (PGT_type_mask | PGT_validated)) === WRITABLE) {
        if ((t & PGT_count_mask) === PGT_count_mask) break;
        type[frame] = t + 1;
      } else {
        if (!noneDirty || (t & NOT_PLAINLY_FREE) !== 0) break;
        type[frame] = WRITABLE | 1;
      }
      writable++;
    }
    count[frame] = c + 1;
    general++;
    const flags = pteFlags(lo, hi);
    const adjusted = adjustL1Flags(flags);
    if (adjusted !== flags) {
      words[index + 1] = (hi & 0xfffff) | flagsHigh(adjusted);
      words[index] = (lo & ~0xfff) | (adjusted & 0xfff);
    }
  }
  table.general = general;
  table.writable = writable;
  return slot;
}

/**
 * Gives the references of the entries from `first` on back, where the general one is not the last.
 *
 * @param clock - the TLB clock, with which a frame is stamped when its type count drops to 0.
 * @returns the first slot before `end` that is not the common case; `end` when all were.
 */
export function putPlainL1Entries(table: PlainL1Table, first: number, end: number, clock: number): number {
  const { words, offset, frames } = table;
  const { count, type, owner: owners } = frames;
  let general = 0;
  let writable = 0;
  let slot = first;
  for (; slot < end; slot++) {
    const index = offset + 2 * slot;
    const lo = words[index] as number;
    if ((lo & _PAGE_PRESENT) === 0) continue;
    const hi = words[index + 1] as number;
    const frame = ((hi & 0x7ff) << 20) | (lo >>> 12);
    if ((hi & 0xff800) !== 0 || frame >= count.length) break;
    const c = count[frame] as number;
    if ((c & PGC_count_mask) <= 1 || (((owners[frame >> 1] as number) >> ((frame & 1) << 4)) & 0xff) === OWNER_IO) {
      break;
    }
    if ((lo & _PAGE_RW) !== 0) {
      const t = type[frame] as number;
      if ((t & (PGT_type_mask | PGT_locked)) !== PGT_writable_page || (t & PGT_count_mask) === 0) break;
      if ((t & PGT_count_mask) === 1) stampPlainFrame(frames, frame, clock);
      type[frame] = t - 1;
      writable++;
    }
    count[frame] = c - 1;
    general++;
  }
  table.general = general;
  table.writable = writable;
  return slot;
}
