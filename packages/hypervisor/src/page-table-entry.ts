import { type Mfn, mfn } from "./frame-number.ts";

/**
 * A page-table entry: 64 bits as two signed 32-bit words (no BigInt: it costs 60 ns an entry).
 *
 * ```text
 *   high word                                  low word
 *  31  30        20 19                    0   31                    12 11      0
 * +---+------------+----------------------+  +------------------------+---------+
 * |NX | available  | frame number 39…20   |  | frame number 19…0      | flags   |
 * +---+------------+----------------------+  +------------------------+---------+
 * ```
 *
 * Flags are handled as one 24-bit number as in Xen: bits 0–11 are the entry's bits 0–11, bits 12–23 its bits 52–63.
 * Source: AMD64 manual volume 2, 5.3; `get_pte_flags` @ Xen 4.9.
 */
export const _PAGE_PRESENT = 0x001;
export const _PAGE_RW = 0x002;
export const _PAGE_USER = 0x004;
export const _PAGE_PWT = 0x008;
export const _PAGE_PCD = 0x010;
export const _PAGE_ACCESSED = 0x020;
export const _PAGE_DIRTY = 0x040;
/** At L1 this bit selects the page attribute table, at L2 it makes a superpage. */
export const _PAGE_PAT = 0x080;
export const _PAGE_PSE = 0x080;
export const _PAGE_GLOBAL = 0x100;
export const _PAGE_AVAIL = 0xe00;
/** Software bit 52: a kernel mapping of a 64-bit PV guest. */
export const _PAGE_GUEST_KERNEL: number = 1 << 12;
/** Available bits 52–62. */
export const _PAGE_AVAIL_HIGH: number = 0x7ff << 12;
/** No-execute, bit 63. */
export const _PAGE_NX: number = 1 << 23;

/** Every flag bit. */
export const PTE_FLAGS_MASK: number = (1 << 24) - 1;

/** Low word of an entry. */
export function pteLo(frame: number, flags: number): number {
  return ((frame & 0xfffff) << 12) | (flags & 0xfff);
}

/** High word of an entry. */
export function pteHi(frame: number, flags = 0): number {
  return (Math.floor(frame / 0x100000) & 0xfffff) | ((flags >> 12) << 20);
}

/** Frame that an entry names: 40 bits, so possibly more than fits into 32. */
export function pteMfn(lo: number, hi: number): Mfn {
  // Nearly always the frame fits into a small integer, and the hot loops should not see a double.
  if ((hi & 0xff800) === 0) return mfn(((hi & 0x7ff) << 20) | (lo >>> 12));
  return mfn((hi & 0xfffff) * 0x100000 + (lo >>> 12));
}

/** Flags of an entry. */
export function pteFlags(lo: number, hi: number): number {
  return (lo & 0xfff) | ((hi >>> 20) << 12);
}

/** Bits of the high word that belong to these flags. */
export function flagsHigh(flags: number): number {
  return (flags >> 12) << 20;
}

/** Low word of an entry with other flags. */
export function withFlagsLo(lo: number, flags: number): number {
  return (lo & ~0xfff) | (flags & 0xfff);
}

/** High word of an entry with other flags. */
export function withFlagsHi(hi: number, flags: number): number {
  return (hi & 0xfffff) | flagsHigh(flags);
}

/** Prints an entry as 16 hexadecimal digits. */
export function formatPte(lo: number, hi: number): string {
  return (hi >>> 0).toString(16).padStart(8, "0") + (lo >>> 0).toString(16).padStart(8, "0");
}
