/** Half-open range of hugepage indices in a file: `struct file_region`. */
interface FileRegion {
  from: number;
  /** Exclusive. */
  to: number;
}

/**
 * A set of hugepage indices, kept as ranges that are sorted and do not touch each other. [L39 mm/hugetlb.c region_…]
 *
 * The kernel remembers reservations with it, in two senses: in the list of an inode an index means "reserved, now or
 * earlier"; in the map of a private mapping it means "consumed". [linux-facts §2.3]
 * Cost: logarithmic in the number of ranges, which is small, to find; linear where ranges are put in or taken out.
 */
export class RegionList {
  private regions: FileRegion[] = [];

  /** How many indices of [from, to) are not in the set: `region_chg`, what a reservation of them costs. */
  chg(from: number, to: number): number {
    return to - from - this.count(from, to);
  }

  /** How many indices of [from, to) are in the set: `region_count`. */
  count(from: number, to: number): number {
    let sum = 0;
    for (let at = this.firstEndingAfter(from); at < this.regions.length; at++) {
      const region = this.regions[at] as FileRegion;
      if (region.from >= to) break;
      sum += Math.min(region.to, to) - Math.max(region.from, from);
    }
    return sum;
  }

  /** Puts [from, to) into the set: `region_add`. */
  add(from: number, to: number): void {
    if (to <= from) return;
    const { regions } = this;
    // A range that ends where the new one begins is joined as well.
    const first = this.firstEndingAfter(from - 1);
    let after = first;
    const joined = { from, to };
    for (; after < regions.length; after++) {
      const region = regions[after] as FileRegion;
      if (region.from > to) break;
      joined.from = Math.min(joined.from, region.from);
      joined.to = Math.max(joined.to, region.to);
    }
    regions.splice(first, after - first, joined);
  }

  /** Takes everything from `end` on out of the set: `region_truncate`. Returns how many indices that were. */
  truncate(end: number): number {
    const gone = this.count(end, Number.POSITIVE_INFINITY);
    const first = this.firstEndingAfter(end);
    const region = this.regions[first];
    if (region === undefined) return gone;
    const kept = region.from < end ? first + 1 : first;
    region.to = Math.min(region.to, end);
    this.regions.length = kept;
    return gone;
  }

  /** Position of the first range that reaches beyond an index. */
  private firstEndingAfter(index: number): number {
    let low = 0;
    let high = this.regions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.regions[middle] as FileRegion).to > index) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
