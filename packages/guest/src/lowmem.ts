/**
 * Where lowmem ends in a 32-bit kernel: `find_low_pfn_range`. [L39 arch/x86/mm/init_32.c; linux-facts §1.1]
 *
 * ```text
 *   0xC0000000                                     0xF5800000        4 GiB
 *   │ direct map: lowmem │ vmalloc 128 MiB │ kmap, │ Xen's hole,     │
 *   │      MAXMEM        │                 │ fixmap│ 168 MiB         │
 * ```
 *
 * What the direct map cannot cover is highmem. `highmem=` asks for another split: of a guest that fits into lowmem it
 * takes highmem from the top; a guest that does not fit it can only rob of memory.
 */

/**
 * Lowmem of a 32-bit PAE kernel under Xen, in pages: 727 MiB. A native one has 896 MiB, since nothing lies above its
 * fixmaps.
 */
export const MAXMEM_PFN: number = 727 * 256;
/** Least lowmem that `highmem=` may leave, in pages: 64 MiB. */
const LEAST_LOWMEM_PAGES = 16_384;

/** What was found. */
export interface LowPfnRange {
  /** End of the memory that the kernel uses: `max_pfn`. Less than it was given where `highmem=` says so. */
  readonly maxPfn: number;
  /** End of lowmem: `max_low_pfn`. */
  readonly maxLowPfn: number;
  /** What the kernel says to it. */
  readonly log: readonly string[];
}

/**
 * Splits memory into lowmem and highmem.
 *
 * @param maxPfn - pages of the guest.
 * @param maxmemPfn - pages that the direct map can cover.
 * @param highmemPages - `highmem=` in pages; undefined when it is not given.
 */
export function findLowPfnRange(maxPfn: number, maxmemPfn: number, highmemPages: number | undefined): LowPfnRange {
  const range =
    maxPfn <= maxmemPfn
      ? lowmemPfnInit(maxPfn, highmemPages ?? 0)
      : highmemPfnInit(maxPfn, maxmemPfn, highmemPages ?? maxPfn - maxmemPfn);
  const available = [
    `${pagesToMb(range.maxPfn - range.maxLowPfn)}MB HIGHMEM available.`,
    `${pagesToMb(range.maxLowPfn)}MB LOWMEM available.`,
  ];
  return { ...range, log: [...range.log, ...available] };
}

/** All memory fits into lowmem: `lowmem_pfn_init`. */
function lowmemPfnInit(maxPfn: number, highmemPages: number): LowPfnRange {
  const size = pagesToMb(highmemPages);
  if (highmemPages >= maxPfn) {
    const log = [`highmem size (${size}MB) is bigger than pages available (${pagesToMb(maxPfn)}MB)!`];
    return { maxPfn, maxLowPfn: maxPfn, log };
  }
  if (highmemPages > 0 && maxPfn - highmemPages < LEAST_LOWMEM_PAGES) {
    return { maxPfn, maxLowPfn: maxPfn, log: [`highmem size (${size}MB) results in <64MB lowmem, ignoring it!`] };
  }
  return { maxPfn, maxLowPfn: maxPfn - highmemPages, log: [] };
}

/** There is more than lowmem: `highmem_pfn_init`. A smaller `highmem=` throws the rest away. */
function highmemPfnInit(maxPfn: number, maxmemPfn: number, highmemPages: number): LowPfnRange {
  const available = maxPfn - maxmemPfn;
  if (highmemPages <= available) return { maxPfn: maxmemPfn + highmemPages, maxLowPfn: maxmemPfn, log: [] };
  const line = `only ${pagesToMb(available)}MB highmem pages available, ignoring highmem size of ${pagesToMb(highmemPages)}MB!`;
  return { maxPfn, maxLowPfn: maxmemPfn, log: [line] };
}

/** Whole MiB, rounded down as the kernel's log has them. */
function pagesToMb(pages: number): number {
  return Math.floor(pages / 256);
}
