import { type Pfn, pfn } from "@xsp/hypervisor";
import { assert } from "./assert.ts";

/**
 * What was given back to Xen, by the first page of each unit: the list `ballooned_pages`. [L39 drivers/xen/balloon.c]
 *
 * ```text
 *   head │ lowmem, last in first │ highmem, first in first │ tail
 *          the kernel needs it, so it comes back first
 * ```
 */
export class BalloonedPages {
  private readonly lowmem: Pfn[] = [];
  private readonly highmem: Pfn[] = [];
  /** How many of `highmem` have come back. */
  private retrieved = 0;

  /** Units of lowmem: `balloon_low`. */
  get low(): number {
    return this.lowmem.length;
  }

  /** Units of highmem: `balloon_high`. */
  get high(): number {
    return this.highmem.length - this.retrieved;
  }

  /** Adds a unit: `balloon_append`. */
  append(page: Pfn, highmem: boolean): void {
    (highmem ? this.highmem : this.lowmem).push(page);
  }

  /** Units that come back next, in order: `balloon_first_page`, `balloon_next_page`. Fewer when there are no more. */
  first(count: number): Pfn[] {
    const low = this.lowmem.slice(Math.max(0, this.lowmem.length - count)).reverse();
    return [...low, ...this.highmem.slice(this.retrieved, this.retrieved + count - low.length)];
  }

  /** Takes the unit at the head out: `balloon_retrieve`. */
  retrieve(): Pfn {
    const low = this.lowmem.pop();
    if (low !== undefined) return low;
    assert(this.high > 0, "a unit is retrieved from a balloon that has one");
    const page = pfn(this.highmem[this.retrieved++] as number);
    if (this.high === 0) {
      this.highmem.length = 0;
      this.retrieved = 0;
    }
    return page;
  }
}
