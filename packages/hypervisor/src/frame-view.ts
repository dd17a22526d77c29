import type { Words } from "@xsp/words";
import type { Host, Vcpu } from "./host.ts";
import { loadOwner } from "./owner-info.ts";
import { PGT_count_mask, PGT_type_mask, PGT_writable_page } from "./type-info.ts";

/**
 * A guest's window on one of its own frames, for loops over its entries: whether the CPU can reach the frame is looked
 * at once, when the window is opened, as the CPU does when it fills its TLB.
 *
 * Loads are good as long as the guest owns the frame. Whether it may be stored to can change with the next hypercall, so a
 * window for stores is opened anew after one. Cost: one word access for each half of an entry.
 */
export class FrameView {
  private readonly words: Words;
  private readonly offset: number;

  /** Use {@link openFrame}. */
  constructor(words: Words, offset: number) {
    this.words = words;
    this.offset = offset;
  }

  /** Low word of an entry. */
  loadLow(entry: number): number {
    return this.words.load(this.offset + 2 * entry);
  }

  /** High word of an entry. */
  loadHigh(entry: number): number {
    return this.words.load(this.offset + 2 * entry + 1);
  }

  /** Stores an entry: the high word first, so that nobody sees a present entry with half an address. */
  store(entry: number, lo: number, hi: number): void {
    const index = this.offset + 2 * entry;
    this.words.store(index + 1, hi);
    this.words.store(index, lo);
  }
}

/**
 * Opens a window on a frame.
 *
 * @param write - whether it will be stored to.
 * @returns undefined for a page fault: the frame is not the guest's, or it is to be stored to and no writable mapping of
 * it exists.
 */
export function openFrame(vcpu: Vcpu, frame: number, write: boolean): FrameView | undefined {
  const { host } = vcpu;
  if (!host.mfnValid(frame) || loadOwner(host.owner, frame) !== vcpu.domain.slot) return undefined;
  if (write) {
    const word = host.type.load(frame);
    if ((word & PGT_type_mask) !== PGT_writable_page || (word & PGT_count_mask) === 0) return undefined;
  }
  return viewFrame(host, frame);
}

/** A window on any frame, for callers that have looked at it themselves. */
export function viewFrame({ memory }: Host, frame: number): FrameView {
  const page = memory.materialize(frame);
  return new FrameView(memory.slab(page), memory.offset(page));
}
