/** Bytes in a frame, log2. */
export const PAGE_SHIFT = 12;

declare const machineFrame: unique symbol;
declare const pseudoPhysicalFrame: unique symbol;

/** Machine frame number: a 4 KiB frame of real memory. */
export type Mfn = number & { readonly [machineFrame]: true };
/** A guest's pseudo-physical frame number. */
export type Pfn = number & { readonly [pseudoPhysicalFrame]: true };

/** Says that a number is a machine frame number. */
export function mfn(number: number): Mfn {
  return number as Mfn;
}

/** Says that a number is a pseudo-physical frame number. */
export function pfn(number: number): Pfn {
  return number as Pfn;
}

/** No frame. */
export const INVALID_MFN: Mfn = -1 as Mfn;

/** The frame number that an entry with all address bits set names: 52 physical address bits less 12. */
export const ALL_ONES_MFN: Mfn = (2 ** 40 - 1) as Mfn;
