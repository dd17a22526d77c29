import { VCPU_guest_table } from "./vcpu-words.ts";
import { type Host, type Vcpu } from "./host.ts";
import { _PAGE_ACCESSED, _PAGE_DIRTY, _PAGE_PRESENT, _PAGE_PSE, _PAGE_RW, pteMfn } from "./page-table-entry.ts";

/*
 * Virtual addresses: 48 bits, four levels of nine bits above a page (fewer bits a level in small models).
 *
 *   63      48 47    39 38    30 29    21 20    12 11     0
 *   sign       L4       L3       L2       L1       byte
 *
 * Source: AMD64 manual volume 2, 5.3. Simplified: no segment limits, no protection keys; NX and the user bit are not
 * looked at (a 64-bit PV kernel runs in user mode, and every entry Xen stores has the user bit).
 */

/** First and last canonical address of Xen's own part, as upper words (bits 63–32). */
const XEN_HOLE_FIRST_HI = 0xffff8000;
const XEN_HOLE_LAST_HI = 0xffff87ff;

/** Whether a PV guest may use an address: canonical, and not in Xen's part. */
export function addressOk(vaHi: number): boolean {
  const hi = vaHi >>> 0;
  if (hi < 0x8000) return true;
  return hi >= XEN_HOLE_FIRST_HI && !(hi >= XEN_HOLE_FIRST_HI && hi <= XEN_HOLE_LAST_HI);
}

/** Slot of an address in its table of a level. */
export function vaIndex(host: Host, vaLo: number, vaHi: number, level: number): number {
  const bits = host.tableOrder;
  const shift = 12 + bits * (level - 1);
  const mask = (1 << bits) - 1;
  if (shift >= 32) return (vaHi >>> (shift - 32)) & mask;
  const low = vaLo >>> shift;
  return (shift + bits <= 32 ? low : low | (vaHi << (32 - shift))) & mask;
}

/** Sets accessed (and dirty) in an entry as the CPU does while it walks. */
function setCpuBits(host: Host, table: number, slot: number, bits: number): void {
  const { memory } = host;
  const slab = memory.slab(memory.find(table));
  const index = memory.offset(memory.find(table)) + 2 * slot;
  let x = slab.load(index);
  while ((x & bits) !== bits) {
    const seen = slab.compareAndSwap(index, x, x | bits);
    if (seen === x) return;
    x = seen;
  }
}

/**
 * Finds the L1 table of an address in the vCPU's current kernel address space.
 *
 * Xen reads it through its linear mapping of the page tables, so the CPU marks the entries on the way as accessed.
 *
 * @returns the L1 table's frame, or −1.
 */
export function walkToL1(vcpu: Vcpu, vaLo: number, vaHi: number): number {
  const { host } = vcpu;
  if (!addressOk(vaHi)) return -1;
  let table = vcpu.load(VCPU_guest_table);
  for (let level = 4; level > 1; level--) {
    if (table < 0 || !host.mfnValid(table)) return -1;
    const slot = vaIndex(host, vaLo, vaHi, level);
    const lo = host.memory.loadLo(table, slot);
    if ((lo & _PAGE_PRESENT) === 0 || (level === 2 && (lo & _PAGE_PSE) !== 0)) return -1;
    setCpuBits(host, table, slot, _PAGE_ACCESSED);
    table = pteMfn(lo, host.memory.loadHi(table, slot));
  }
  return table;
}

/**
 * Translates an address as the CPU does for an access of the guest's kernel, and sets accessed and dirty bits.
 *
 * @param write - whether the access is a store.
 * @returns the frame, or −1 for a page fault.
 */
export function translate(vcpu: Vcpu, vaLo: number, vaHi: number, write: boolean): number {
  const { host } = vcpu;
  const { memory } = host;
  const needed = write ? _PAGE_PRESENT | _PAGE_RW : _PAGE_PRESENT;
  if (!addressOk(vaHi)) return -1;
  let table = vcpu.load(VCPU_guest_table);
  const path: number[] = [];
  for (let level = 4; level >= 1; level--) {
    if (table < 0 || !host.mfnValid(table)) return -1;
    const slot = vaIndex(host, vaLo, vaHi, level);
    const lo = memory.loadLo(table, slot);
    if ((lo & needed) !== needed) return -1;
    path.push(table, slot);
    const frame = pteMfn(lo, memory.loadHi(table, slot));
    const superpage = level === 2 && (lo & _PAGE_PSE) !== 0;
    if (level > 1 && !superpage) {
      table = frame;
      continue;
    }
    for (let step = 0; step < path.length; step += 2) {
      const leaf = step === path.length - 2;
      const bits = leaf && write ? _PAGE_ACCESSED | _PAGE_DIRTY : _PAGE_ACCESSED;
      setCpuBits(host, path[step] as number, path[step + 1] as number, bits);
    }
    const inside = superpage ? vaIndex(host, vaLo, vaHi, 1) & ((1 << host.superpageOrder) - 1) : 0;
    return frame + inside;
  }
  return -1;
}
