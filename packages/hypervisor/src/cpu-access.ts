import type { Vcpu } from "./host.ts";
import { loadOwner } from "./owner-info.ts";
import { _PAGE_PRESENT, _PAGE_PSE, _PAGE_RW, pteMfn } from "./page-table-entry.ts";
import { PGT_count_mask, PGT_type_mask, PGT_writable_page } from "./type-info.ts";
import { translate } from "./virtual-address.ts";

/*
 * What a guest's CPU does without asking Xen: loads and stores through mappings that exist.
 */

/** Whether a frame is the guest's and has a writable mapping. */
export function hasWritableMapping(vcpu: Vcpu, frame: number): boolean {
  const { host } = vcpu;
  if (!host.mfnValid(frame) || loadOwner(host.owner, frame) !== vcpu.domain.slot) return false;
  const word = host.type.load(frame);
  return (word & PGT_type_mask) === PGT_writable_page && (word & PGT_count_mask) !== 0;
}

/**
 * Stores 8 bytes into a frame through any writable mapping that the guest has of it.
 *
 * @param entry - which 8 bytes of the frame.
 * @returns false for a page fault: the frame is not the guest's, or no writable mapping of it exists.
 */
export function storeToFrame(vcpu: Vcpu, frame: number, entry: number, lo: number, hi: number): boolean {
  if (!hasWritableMapping(vcpu, frame)) return false;
  vcpu.host.memory.store(frame, entry, lo, hi);
  return true;
}

/** Low word of 8 bytes of one of the guest's frames; 0 when the frame is not its own. */
export function loadFromFrameLow(vcpu: Vcpu, frame: number, entry: number): number {
  const { host } = vcpu;
  return host.mfnValid(frame) && loadOwner(host.owner, frame) === vcpu.domain.slot
    ? host.memory.loadLo(frame, entry)
    : 0;
}

/** High word of 8 bytes of one of the guest's frames; 0 when the frame is not its own. */
export function loadFromFrameHigh(vcpu: Vcpu, frame: number, entry: number): number {
  const { host } = vcpu;
  return host.mfnValid(frame) && loadOwner(host.owner, frame) === vcpu.domain.slot
    ? host.memory.loadHi(frame, entry)
    : 0;
}

/**
 * Lets a CPU cache the translation of one entry of a table that it could be walking, as it may do at any time.
 *
 * @param level - 1 for an L1 entry, 2 for a superpage entry.
 * @returns whether there was a writable translation to cache.
 */
export function cacheTranslation(vcpu: Vcpu, table: number, slot: number, level: number): boolean {
  const { host } = vcpu;
  const lo = host.memory.loadLo(table, slot);
  const superpage = (lo & _PAGE_PSE) !== 0;
  if ((lo & (_PAGE_PRESENT | _PAGE_RW)) !== (_PAGE_PRESENT | _PAGE_RW) || (level === 2) !== superpage) return false;
  const first = pteMfn(lo, host.memory.loadHi(table, slot));
  const frames = superpage ? (1 << (1 << host.superpageOrder)) - 1 : 1;
  host.translations?.store(vcpu.cpu, host.translations.load(vcpu.cpu) | (frames << first));
  return true;
}

/**
 * Accesses a virtual address as the guest's kernel does.
 *
 * @param write - a store of `lo`, `hi` to the 8 bytes at the address, instead of a load.
 * @returns false for a page fault.
 */
export function touch(vcpu: Vcpu, vaLo: number, vaHi: number, write: boolean, lo?: number, hi = 0): boolean {
  const { host } = vcpu;
  const frame = translate(vcpu, vaLo | 0, vaHi | 0, write);
  if (frame < 0) return false;
  if (write && lo !== undefined && host.mfnValid(frame)) {
    host.memory.store(frame, ((vaLo & 0xfff) >> 3) & (host.memory.entries - 1), lo, hi);
  }
  return true;
}
