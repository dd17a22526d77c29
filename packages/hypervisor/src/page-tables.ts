import * as vcpuWords from "./vcpu-words.ts";
import { PlainWords, type Words } from "@xsp/words";
import * as domainWords from "./domain-words.ts";
import * as errno from "./errno.ts";
import { type Domain, type Host, type Vcpu } from "./host.ts";
import { adjustL1Flags, getPageFromL1e, l1DisallowedFlags, putPageFromL1e } from "./l1-entry.ts";
import { setOldGuestTable } from "./old-guest-table.ts";
import { loadOwner } from "./owner-info.ts";
import * as pageTableEntry from "./page-table-entry.ts";
import type { PageTableContents } from "./page-table-contents.ts";
import { noteEntries, notePartial, withProgress } from "./page-table-note.ts";
import { type PlainL1Table, getPlainL1Entries, putPlainL1Entries } from "./plain-l1-entries.ts";
import { invalidateSegmentDescriptors, validateSegmentDescriptors } from "./segment-descriptors.ts";
import { getPageFromTableEntry, putPageFromTableEntry } from "./table-entry.ts";
import { fillXenSlots, isGuestL4Slot } from "./table-geometry.ts";
import * as typeInfo from "./type-info.ts";

// Constants of this module, which the compiler folds into its code: see "Hot paths" in docs/benchmarks.md.
const { VCPU_old_guest_table, VCPU_old_guest_table_partial } = vcpuWords;
const { DOMAIN_dirty_cpus } = domainWords;
const { EINTR, ERESTART } = errno;
const { _PAGE_ACCESSED, _PAGE_PRESENT, _PAGE_USER, flagsHigh, pteFlags, pteLo, pteMfn } = pageTableEntry;
const { PGT_l1_page_table, PGT_seg_desc_page, PGT_type_mask, pageTableLevel } = typeInfo;

/*
 * Validation of page tables: takes a reference for each present entry, or gives them all back.
 *
 * L3 and L4 tables, and L2 tables between two entries, can be preempted. The note then says how many entries are done
 * and whether the next one is half done, and whoever takes the partial table over goes on there.
 *
 * A table of the upper levels that is refused after its first slot is not undone on the spot, for that could take as
 * long as its validation: it is left partial and waits as the vCPU's old table, to be put before the hypercall returns.
 * If its parent is refused for the same reason, the parent waits in its place, with this entry counted as half done.
 *
 * Models: alloc_l1_table … alloc_l4_table, free_l1_table … free_l4_table @ Xen 4.9.
 */

/** Implementation of {@link PageTableContents}. */
export const pageTableContents: PageTableContents = { validate, invalidate };

function validate(vcpu: Vcpu, frame: number, type: number, preemptible: boolean): number {
  if (type === PGT_seg_desc_page) return validateSegmentDescriptors(vcpu.host, frame);
  const domain = vcpu.host.domains[loadOwner(vcpu.host.owner, frame)] as Domain;
  if (type === PGT_l1_page_table) return validateL1(vcpu, frame, domain);
  return validateTable(vcpu, frame, pageTableLevel(type), domain, preemptible);
}

function invalidate(vcpu: Vcpu, frame: number, word: number, preemptible: boolean): number {
  const type = word & PGT_type_mask;
  if (type === PGT_seg_desc_page) return invalidateSegmentDescriptors();
  if (type === PGT_l1_page_table) return invalidateL1(vcpu, frame);
  return invalidateTable(vcpu, frame, pageTableLevel(word), preemptible);
}

/** Flags that a present entry gets when it is stored into a validated table of this level. */
export function adjustFlags(vcpu: Vcpu, level: number, flags: number): number {
  if ((flags & _PAGE_PRESENT) === 0) return flags;
  if (level === 1) return adjustL1Flags(flags);
  return level === 4 && vcpu.host.version.l4EntriesAccessed ? flags | _PAGE_USER | _PAGE_ACCESSED : flags | _PAGE_USER;
}

function adjustStoredEntry(vcpu: Vcpu, level: number, slab: Words, index: number, lo: number, hi: number): void {
  const flags = pteFlags(lo, hi);
  const adjusted = adjustFlags(vcpu, level, flags);
  if (adjusted === flags) return;
  slab.store(index + 1, (hi & 0xfffff) | flagsHigh(adjusted));
  slab.store(index, pteLo(pteMfn(lo, hi), adjusted));
}

function validateL1(vcpu: Vcpu, frame: number, domain: Domain): number {
  const { memory } = vcpu.host;
  const page = memory.find(frame);
  if (page < 0) return 0;
  const slab = memory.slab(page);
  const offset = memory.offset(page);
  const plain = plainL1Table(vcpu.host, slab, offset, domain);
  for (let slot = 0; slot < memory.entries; slot++) {
    if (plain !== undefined) {
      slot = getPlainL1Entries(plain, slot, memory.entries);
      vcpu.host.perf.tableFrameGets += plain.general;
      vcpu.host.perf.tableTypeGets += plain.writable;
      if (slot === memory.entries) break;
    }
    const lo = slab.load(offset + 2 * slot);
    if ((lo & _PAGE_PRESENT) === 0) continue;
    const hi = slab.load(offset + 2 * slot + 1);
    const rc = getPageFromL1e(vcpu, lo, hi, domain, domain);
    if (rc !== 0) {
      for (let before = slot - 1; before >= 0; before--) {
        putPageFromL1e(vcpu, slab.load(offset + 2 * before), slab.load(offset + 2 * before + 1));
      }
      return rc;
    }
    adjustStoredEntry(vcpu, 1, slab, offset + 2 * slot, lo, hi);
  }
  return 0;
}

/** Bits of an entry's high word that only a frame number of 2^31 and more has. */
const FRAME_ABOVE_31_BITS = 0xff800;

/** What {@link getPlainL1Entries} needs to know, or undefined on a host of several threads. */
function plainL1Table(host: Host, slab: Words, offset: number, domain: Domain): PlainL1Table | undefined {
  if (host.plainFrames === undefined || !(slab instanceof PlainWords)) return undefined;
  const refused = l1DisallowedFlags(domain);
  return {
    frames: host.plainFrames,
    words: slab.array,
    offset,
    slot: domain.slot,
    refusedLo: refused & 0xfff,
    refusedHi: flagsHigh(refused) | FRAME_ABOVE_31_BITS,
    noneDirty: domain.load(DOMAIN_dirty_cpus) === 0,
    general: 0,
    writable: 0,
  };
}

function invalidateL1(vcpu: Vcpu, frame: number): number {
  const { host } = vcpu;
  const { memory } = host;
  const page = memory.find(frame);
  if (page < 0) return 0;
  const slab = memory.slab(page);
  const offset = memory.offset(page);
  const plain = plainL1Table(host, slab, offset, vcpu.domain);
  for (let slot = 0; slot < memory.entries; slot++) {
    if (plain !== undefined) {
      slot = putPlainL1Entries(plain, slot, memory.entries, host.tlbClock);
      host.perf.tableFramePuts += plain.general;
      host.perf.tableTypePuts += plain.writable;
      if (slot === memory.entries) break;
    }
    const lo = slab.load(offset + 2 * slot);
    if ((lo & _PAGE_PRESENT) !== 0) putPageFromL1e(vcpu, lo, slab.load(offset + 2 * slot + 1));
  }
  return 0;
}

function validateTable(vcpu: Vcpu, frame: number, level: number, domain: Domain, preemptible: boolean): number {
  const { host } = vcpu;
  const { memory } = host;
  const page = memory.find(frame);
  if (page >= 0) {
    const slab = memory.slab(page);
    const offset = memory.offset(page);
    const note = memory.loadNote(frame);
    const first = noteEntries(note);
    let partial = notePartial(note);
    const { entries } = memory;
    const mayStop = level === 2 && preemptible && !host.neverPreempts;
    for (let slot = first; slot < entries; slot++) {
      if (mayStop && slot > first && host.preempt(vcpu)) {
        memory.storeNote(frame, withProgress(memory.loadNote(frame), slot, false));
        return -ERESTART;
      }
      if (level === 4 && !isGuestL4Slot(host, slot)) continue;
      const lo = slab.load(offset + 2 * slot);
      if ((lo & _PAGE_PRESENT) === 0) continue;
      const hi = slab.load(offset + 2 * slot + 1);
      const rc = getPageFromTableEntry(vcpu, level, lo, hi, frame, domain, partial, preemptible);
      if (rc !== 0) return stopValidation(vcpu, frame, level, slot, partial, rc);
      partial = false;
      adjustStoredEntry(vcpu, level, slab, offset + 2 * slot, lo, hi);
    }
  }
  if (level === 4) fillXenSlots(host, frame);
  return 0;
}

/** Leaves a table whose entry at `slot` was preempted or refused. */
function stopValidation(vcpu: Vcpu, frame: number, level: number, slot: number, partial: boolean, rc: number): number {
  const { memory, version } = vcpu.host;
  const leave = (entries: number, half: boolean): void =>
    memory.storeNote(frame, withProgress(memory.loadNote(frame), entries, half));
  if (rc === -ERESTART || (rc === -EINTR && partial)) {
    leave(slot, true);
    return -ERESTART;
  }
  if (rc === -EINTR) {
    if (slot === 0) return rc;
    leave(slot, false);
    return -ERESTART;
  }
  if (slot === 0) return rc;
  if (level === 2 && !version.l2FailureDeferred) {
    const page = memory.find(frame);
    const slab = memory.slab(page);
    const offset = memory.offset(page);
    for (let before = slot - 1; before >= 0; before--) {
      const lo = slab.load(offset + 2 * before);
      putPageFromTableEntry(vcpu, 2, lo, slab.load(offset + 2 * before + 1), frame, false, false);
    }
    return rc;
  }
  // The child that was refused may be waiting as the old table itself: then it becomes this table's half-done entry.
  // A grandchild that waits there is overwritten, as Xen 4.17 does: it stays partial for ever.
  const child = pteMfn(memory.loadLo(frame, slot), memory.loadHi(frame, slot));
  const childWaits = vcpu.load(VCPU_old_guest_table) === child && vcpu.load(VCPU_old_guest_table_partial) !== 0;
  leave(slot, childWaits);
  setOldGuestTable(vcpu, frame, true);
  return rc;
}

function invalidateTable(vcpu: Vcpu, frame: number, level: number, preemptible: boolean): number {
  const { host } = vcpu;
  const { memory } = host;
  const page = memory.find(frame);
  if (page < 0) return 0;
  const slab = memory.slab(page);
  const offset = memory.offset(page);
  const note = memory.loadNote(frame);
  let partial = notePartial(note);
  const mayStop = level === 2 && preemptible && !host.neverPreempts;
  for (let slot = noteEntries(note) - (partial ? 0 : 1); slot >= 0; slot--) {
    if (level === 4 && !isGuestL4Slot(host, slot)) continue;
    const lo = slab.load(offset + 2 * slot);
    if ((lo & _PAGE_PRESENT) === 0) continue;
    const hi = slab.load(offset + 2 * slot + 1);
    const rc = putPageFromTableEntry(vcpu, level, lo, hi, frame, partial, preemptible);
    if (rc < 0 && level === 2) {
      // A superpage entry is done with even if the superpage's references wait to be given back.
      memory.storeNote(frame, withProgress(memory.loadNote(frame), slot, false));
      return -ERESTART;
    }
    if (rc < 0) {
      const nothingDone = rc === -EINTR && !partial && slot === memory.entries - 1;
      if (nothingDone) return rc;
      const half = rc === -ERESTART || partial;
      memory.storeNote(frame, withProgress(memory.loadNote(frame), half ? slot : slot + 1, half));
      return -ERESTART;
    }
    partial = false;
    if (mayStop && rc === 0 && slot > 0 && host.preempt(vcpu)) {
      memory.storeNote(frame, withProgress(memory.loadNote(frame), slot, false));
      return -ERESTART;
    }
  }
  return 0;
}
