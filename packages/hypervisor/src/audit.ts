import { DOMAIN_total_pages } from "./domain-words.ts";
import {
  VCPU_gdt_ents,
  VCPU_gdt_frames,
  VCPU_guest_table,
  VCPU_guest_table_user,
  VCPU_old_guest_table,
  VCPU_old_guest_table_partial,
  VCPU_old_superpage,
  VCPU_old_superpage_owner,
} from "./vcpu-words.ts";
import { assert } from "./assert.ts";
import { PGC_allocated, PGC_count_mask, PGC_state_free, PGC_state_mask, PGC_xen_heap } from "./count-info.ts";
import { type Host } from "./host.ts";
import { OWNER_FIRST_DOMAIN, OWNER_IO, loadOwner } from "./owner-info.ts";
import { _PAGE_PRESENT, _PAGE_PSE, _PAGE_RW, pteMfn } from "./page-table-entry.ts";
import { noteEntries, notePartial } from "./page-table-note.ts";
import type { SuperpageUsers } from "./scheme.ts";
import {
  SEALED_busy,
  SEALED_mark,
  SEALED_max_uses,
  SEALED_owner_mask,
  SEALED_owner_shift,
  SEALED_readers_shift,
  SEALED_writers_mask,
} from "./sealed-info.ts";
import { type SlotReport, auditSlots } from "./slot-audit.ts";
import { SGT_count_mask, SGT_dynamic, SGT_mark, SGT_none, SGT_type_mask } from "./superpage-info.ts";
import { isGuestL4Slot } from "./table-geometry.ts";
import {
  PGT_count_mask,
  PGT_partial,
  PGT_pinned,
  PGT_root_page_table,
  PGT_seg_desc_page,
  PGT_type_mask,
  PGT_validated,
  PGT_writable_page,
} from "./type-info.ts";

/*
 * The audit: computes afresh, from page tables, pins, base pointers, descriptor tables, marks and allocations, what
 * every count must be, and reports every difference. It shares no code with what it audits above the packed words: it
 * knows page tables and schemes a second time, from their description.
 *
 * What is expected of a frame
 *   general count = allocated + mappings + table references + pins + roots + descriptor tables + partial + superpage
 *   type count    = writable mappings | table references, pins, roots | descriptor tables, + superpage
 * To be called when no operation is under way. Cost: O(frames + entries), and 8 bytes a frame while it runs.
 */

/** One thing that is not as it should be. */
export interface AuditDifference {
  /** Frame; for a superpage's word its head, for a domain's or the heap's figures −1. */
  readonly mfn: number;
  readonly word: "count" | "type" | "superpage" | "domain" | "heap" | "underflow";
  readonly expected: number;
  readonly found: number;
  readonly reason: string;
}

/** Differences reported before the rest is only counted. */
const REPORT_LIMIT = 1000;

/** Recounts everything. An empty list means that every count is right. */
export function audit(host: Host): AuditDifference[] {
  return new Audit(host).run();
}

/**
 * An {@link audit} that is run again and again on one host: it keeps the two words a frame that it counts in, which are a
 * seventh of all memory of a large host and would be garbage after each run.
 */
export function makeAuditor(host: Host): () => AuditDifference[] {
  const auditor = new Audit(host);
  return () => auditor.run();
}

class Audit {
  private readonly host: Host;
  private readonly counts: Int32Array;
  private readonly types: Int32Array;
  /** Live superpage entries by superpage: writable ones, then read-only ones. */
  private readonly writers: Int32Array;
  private readonly readers: Int32Array;
  /** Superpages that wait for a vCPU to give back what is left over, with their owner's slot in the low byte. */
  private readonly waiting = new Set<number>();
  private differences: AuditDifference[] = [];

  constructor(host: Host) {
    this.host = host;
    this.counts = new Int32Array(host.frames);
    this.types = new Int32Array(host.frames);
    const superpages = Math.ceil(host.frames / (1 << host.superpageOrder));
    this.writers = new Int32Array(superpages);
    this.readers = new Int32Array(superpages);
  }

  run(): AuditDifference[] {
    for (const counts of [this.counts, this.types, this.writers, this.readers]) counts.fill(0);
    this.waiting.clear();
    this.differences = [];
    this.addTables();
    this.addVcpus();
    this.addSuperpages();
    this.compareFrames();
    if (this.host.underflows !== 0) {
      this.report(
        this.host.underflowFrame,
        "underflow",
        0,
        this.host.underflows,
        "references given back that nobody held",
      );
    }
    return this.differences;
  }

  private report(frame: number, word: AuditDifference["word"], expected: number, found: number, reason: string): void {
    if (this.differences.length < REPORT_LIMIT) this.differences.push({ mfn: frame, word, expected, found, reason });
  }

  /** Expects a type reference on a frame, which must have that type. */
  private addType(frame: number, type: number, reason: string): void {
    (this.types[frame] as number)++;
    const word = this.host.type.load(frame);
    if ((word & PGT_type_mask) !== type || (word & (PGT_validated | PGT_partial)) === 0) {
      this.report(frame, "type", type >>> 28, word >>> 28, `${reason}, but the frame is not of that type`);
    }
  }

  private addTables(): void {
    const { host } = this;
    const { type, frames } = host;
    for (let frame = 0; frame < frames; frame++) {
      const word = type.load(frame);
      if (word === 0) continue;
      const level = (word & PGT_type_mask) >>> 28;
      if ((word & PGT_pinned) !== 0) {
        (this.counts[frame] as number)++;
        (this.types[frame] as number)++;
      }
      if ((word & PGT_partial) !== 0) {
        // A partial table holds itself: one reference of each kind, in nobody's name.
        (this.counts[frame] as number)++;
        (this.types[frame] as number)++;
      }
      if (level < 1 || level > 4 || (word & PGT_count_mask) === 0) continue;
      if ((word & PGT_validated) !== 0) this.addEntries(frame, level, host.memory.entries, false);
      else if ((word & PGT_partial) !== 0) {
        const note = host.memory.loadNote(frame);
        this.addEntries(frame, level, noteEntries(note), notePartial(note));
      } else {
        this.report(frame, "type", PGT_validated, word, "a page table in use is neither validated nor partial");
      }
    }
  }

  private addEntries(table: number, level: number, entries: number, partial: boolean): void {
    const { host } = this;
    const { memory } = host;
    const page = memory.find(table);
    if (page < 0) return;
    const slab = memory.slab(page);
    const offset = memory.offset(page);
    const end = partial ? entries + 1 : entries;
    for (let slot = 0; slot < end; slot++) {
      const lo = slab.load(offset + 2 * slot);
      if ((lo & _PAGE_PRESENT) === 0) continue;
      if (level === 4 && !isGuestL4Slot(host, slot)) continue;
      const frame = pteMfn(lo, slab.load(offset + 2 * slot + 1));
      if (slot === entries) {
        // The entry at which a partial table stopped: a general reference, no type reference.
        if (frame !== table) (this.counts[frame] as number)++;
      } else if (level === 1) {
        this.addMapping(frame, (lo & _PAGE_RW) !== 0);
      } else if (level === 2 && (lo & _PAGE_PSE) !== 0) {
        const users = (lo & _PAGE_RW) === 0 ? this.readers : this.writers;
        (users[frame >> host.superpageOrder] as number)++;
      } else {
        this.addTableReference(table, frame, level);
      }
    }
  }

  private addMapping(frame: number, writable: boolean): void {
    const { host, counts, types } = this;
    if (frame >= host.frames || loadOwner(host.owner, frame) === OWNER_IO) return;
    (counts[frame] as number)++;
    if (!writable) return;
    (types[frame] as number)++;
    const word = host.type.load(frame);
    if ((word & PGT_type_mask) !== PGT_writable_page) {
      this.report(frame, "type", 7, word >>> 28, "mapped writable, but not of that type");
    }
  }

  private addTableReference(table: number, frame: number, level: number): void {
    if (frame === table) return;
    (this.counts[frame] as number)++;
    const linear = (this.host.type.load(frame) & PGT_type_mask) >>> 28 === level;
    this.addType(frame, (linear ? level : level - 1) << 28, "referenced by a page table");
  }

  private addVcpus(): void {
    const { host } = this;
    for (const vcpu of [...host.domains.flatMap((domain) => domain?.vcpus ?? []), host.xen]) {
      for (const field of [VCPU_guest_table, VCPU_guest_table_user]) {
        const root = vcpu.load(field);
        if (root < 0) continue;
        (this.counts[root] as number)++;
        this.addType(root, PGT_root_page_table, "loaded as a root");
      }
      const old = vcpu.load(VCPU_old_guest_table);
      if (old >= 0) {
        (this.counts[old] as number)++;
        if (vcpu.load(VCPU_old_guest_table_partial) === 0) (this.types[old] as number)++;
      }
      const oldSuperpage = vcpu.load(VCPU_old_superpage);
      if (oldSuperpage >= 0) {
        const index = oldSuperpage >> host.superpageOrder;
        this.waiting.add(index * 256 + vcpu.load(VCPU_old_superpage_owner));
      }
      const gdtFrames = Math.ceil(vcpu.load(VCPU_gdt_ents) / 512);
      for (let i = 0; i < gdtFrames; i++) {
        const frame = vcpu.load(VCPU_gdt_frames + i);
        (this.counts[frame] as number)++;
        this.addType(frame, PGT_seg_desc_page, "a descriptor table");
      }
    }
  }

  /** Expects references on each frame of a superpage. */
  private addFrames(head: number, general: number, writable: number): void {
    if (general === 0) return;
    const { counts, types } = this;
    const end = head + (1 << this.host.superpageOrder);
    for (let frame = head; frame < end; frame++) {
      counts[frame] = (counts[frame] as number) + general;
      types[frame] = (types[frame] as number) + writable;
    }
  }

  private addSuperpages(): void {
    const { host, writers, readers } = this;
    for (let index = 0; index < writers.length; index++) {
      const head = index << host.superpageOrder;
      const w = writers[index] as number;
      const r = readers[index] as number;
      switch (host.scheme.name) {
        case "per-frame":
          this.addFrames(head, w + r, w);
          break;
        case "rfc":
        case "rfc-busy-over-1":
        case "rfc-busy-over-2":
          this.addRfc(head, index, w, r);
          break;
        case "xen-4.1":
          this.addXen41(head, index, w + r);
          break;
        case "sealed":
        case "sealed-deferred":
          this.addSealed(head, index, w, r);
          break;
        case "sealed-percpu": {
          const report: SlotReport = (...wrong) => this.report(head, "superpage", ...wrong);
          this.addSealed(head, index, auditSlots(host, index, 0, w, report), auditSlots(host, index, 1, r, report));
          break;
        }
        default:
          this.addOwn(head, index);
      }
    }
  }

  /** Another's scheme: it says what follows from the users, and the users come from the page tables. */
  private addOwn(head: number, index: number): void {
    const { host, counts, types } = this;
    const { scheme } = host;
    assert(scheme.expected !== undefined, "a scheme of one's own says what is expected");
    const { words, references } = scheme.expected(host, head, this.usersOf);
    for (let place = 0; place < scheme.wordsPerSuperpage; place++) {
      const found = host.superpage.load(index * scheme.wordsPerSuperpage + place);
      const expected = words[place] ?? 0;
      if (found !== expected) this.report(head, "superpage", expected, found, `word ${place} of the superpage`);
    }
    for (const { first, end, general, writable } of references) {
      for (let frame = head + first; frame < head + end; frame++) {
        counts[frame] = (counts[frame] as number) + general;
        types[frame] = (types[frame] as number) + writable;
      }
    }
  }

  private readonly usersOf = (head: number): SuperpageUsers => {
    const index = head >> this.host.superpageOrder;
    if (index < 0 || index >= this.writers.length) return { writers: 0, readers: 0, waiting: false };
    return {
      writers: this.writers[index] ?? 0,
      readers: this.readers[index] ?? 0,
      waiting: this.waiting.has(index * 256 + loadOwner(this.host.owner, head)),
    };
  };

  private addRfc(head: number, index: number, w: number, r: number): void {
    if ((this.host.superpage.load(index) & SGT_mark) === 0) {
      this.addFrames(head, w + r, w);
      return;
    }
    this.addFrames(head, 1, 1);
    this.counts[head] = (this.counts[head] as number) + w + r;
    this.types[head] = (this.types[head] as number) + w;
  }

  private addXen41(head: number, index: number, uses: number): void {
    const word = this.host.superpage.load(index);
    if (word === 0 && uses === 0) return;
    const type = word & SGT_type_mask;
    const expected = type === SGT_mark ? SGT_mark | (uses + 1) : uses === 0 ? SGT_none : SGT_dynamic | uses;
    if (word !== expected) {
      this.report(head, "superpage", expected, word, `${uses} superpage entries, word counts ${word & SGT_count_mask}`);
    }
    if (type !== SGT_none) this.addFrames(head, 1, 1);
  }

  /** Expects `w` writable users and `r` read-only ones: the entries, or the slots that count them. */
  private addSealed(head: number, index: number, w: number, r: number): void {
    const { host } = this;
    const word = host.superpage.load(2 * index);
    const held = host.superpage.load(2 * index + 1);
    if (word === 0 && held === 0 && w + r === 0) return;
    const frames = 1 << host.superpageOrder;
    const mark = word & SEALED_mark;
    const owner = loadOwner(host.owner, head);
    const used = w + r > 0 || mark !== 0;
    const target = w > 0 || mark !== 0 ? 2 * frames : r > 0 ? frames : 0;
    // More than the users need may be held only where a preempted vCPU has still to give it back.
    const leftOver = held > target && held <= 2 * frames && this.waiting.has(index * 256 + owner);
    const expected = used || leftOver ? mark | (owner << SEALED_owner_shift) | (r << SEALED_readers_shift) | w : 0;
    if ((word & ~SEALED_busy) !== expected || (word & SEALED_busy) !== 0) {
      const counted = word & SEALED_writers_mask;
      const by = (word & SEALED_owner_mask) >>> SEALED_owner_shift;
      this.report(head, "superpage", expected, word, `${w} writable users, word counts ${counted} for slot ${by}`);
    }
    if (w > SEALED_max_uses || r > SEALED_max_uses) {
      this.report(
        head,
        "superpage",
        SEALED_max_uses,
        Math.max(w, r),
        "superpage entries of one kind, more than a word counts",
      );
    }
    if (held !== target && !leftOver) {
      this.report(head, "superpage", target, held, "references held for the superpage");
    }
    // The first ones are held: general references from the head frame on, then writable ones.
    for (let reference = 0; reference < Math.min(held, 2 * frames); reference++) {
      const of = reference < frames ? this.counts : this.types;
      const frame = head + (reference & (frames - 1));
      of[frame] = (of[frame] as number) + 1;
    }
  }

  private compareFrames(): void {
    const { host, counts, types } = this;
    const { count, type, owner, frames } = host;
    const owned = new Int32Array(256);
    let free = 0;
    for (let frame = 0; frame < frames; frame++) {
      const c = count.load(frame);
      const slot = loadOwner(owner, frame);
      if ((c & PGC_xen_heap) !== 0) continue;
      const t = type.load(frame);
      if ((c & PGC_state_mask) === PGC_state_free) {
        free++;
        if (c !== PGC_state_free || t !== 0 || slot !== 0)
          this.report(frame, "count", PGC_state_free, c, "a free frame");
        if (counts[frame] !== 0) this.report(frame, "count", counts[frame] as number, 0, "a free frame is in use");
        continue;
      }
      owned[slot] = (owned[slot] as number) + 1;
      const expected = (counts[frame] as number) + (c < 0 && (c & PGC_allocated) !== 0 ? 1 : 0);
      if ((c & PGC_count_mask) !== expected) {
        this.report(frame, "count", expected, c & PGC_count_mask, "general references");
      }
      if ((t & PGT_count_mask) !== types[frame]) {
        this.report(frame, "type", types[frame] as number, t & PGT_count_mask, "type references");
      }
    }
    if (free !== host.freeFrames) this.report(-1, "heap", free, host.freeFrames, "free frames");
    for (let slot = OWNER_FIRST_DOMAIN; slot < owned.length; slot++) {
      const total = host.domains[slot]?.load(DOMAIN_total_pages) ?? 0;
      if (total !== owned[slot]) this.report(-1, "domain", owned[slot] as number, total, `frames of slot ${slot}`);
    }
  }
}
