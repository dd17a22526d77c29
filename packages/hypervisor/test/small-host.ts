import { allocatePlainWords } from "@xsp/words";
import { expect } from "vitest";
import {
  DOMID_SELF,
  type Domain,
  type DomainOptions,
  type Host,
  type HostOptions,
  type SchemeName,
  type Vcpu,
  allocateFramesAt,
  audit,
  builderStore,
  createDomain,
  createHost,
  doMmuUpdate,
  doMmuextOp,
  ownerOf,
  pteHi,
  pteLo,
  readCount,
  readType,
  schemeHasMarks,
  schemeNames,
} from "../src/index.ts";
import { noteEntries, noteLinear, notePartial } from "../src/page-table-note.ts";
import { VCPU_old_guest_table, VCPU_old_guest_table_partial, VCPU_words } from "../src/vcpu-words.ts";

/*
 * Hosts of a few frames, and hypercalls written in one line: what all tests of this package build on.
 */

export const allSchemes: readonly SchemeName[] = schemeNames;
export const markingSchemes: readonly SchemeName[] = schemeNames.filter(schemeHasMarks);

/** Entries: read-only, writable; superpages read-only, writable. */
export const RO = 0x05;
export const RW = 0x07;
export const BIG_RO = 0x85;
export const BIG_RW = 0x87;

export interface SmallHostOptions extends Partial<HostOptions> {
  /** Size of the host. Default 8, the first of which is Xen's. */
  readonly superpages?: number;
}

/** A host with superpages of 4 frames and tables of 4 entries, unless asked otherwise. */
export function smallHost({ superpages = 8, ...options }: SmallHostOptions = {}): Host {
  const order = options.superpageOrder ?? 2;
  return createHost({
    scheme: "sealed",
    tableOrder: 2,
    superpageOrder: order,
    frames: superpages << order,
    allocate: allocatePlainWords,
    ...options,
  });
}

/** A domain with all frames of some superpages, under construction. */
export interface SmallGuest {
  readonly host: Host;
  readonly domain: Domain;
  readonly vcpu: Vcpu;
  /** Its first frame. */
  readonly start: number;
  /** Frames in a superpage. */
  readonly size: number;
}

/** A vCPU of a domain. */
export function vcpuOf(domain: Domain, index = 0): Vcpu {
  return domain.vcpus.at(index) as Vcpu;
}

/** Makes a domain that owns `superpages` superpages from number `first` on. */
export function guestAt(host: Host, first: number, superpages: number, options: DomainOptions = {}): SmallGuest {
  const domain = createDomain(host, options);
  const start = first << host.superpageOrder;
  expect(allocateFramesAt(domain, start, superpages << host.superpageOrder)).toBe(true);
  return { host, domain, vcpu: vcpuOf(domain), start, size: 1 << host.superpageOrder };
}

/** A small host with one guest that owns everything but Xen's superpage. */
export function oneGuest(options: SmallHostOptions = {}, domain: DomainOptions = {}): SmallGuest {
  const host = smallHost(options);
  return guestAt(host, 1, (host.frames >> host.superpageOrder) - 1, domain);
}

/** Writes an entry into a frame that is no page table yet, as the domain builder does. */
export function build({ domain }: SmallGuest, table: number, slot: number, frame: number, flags: number): void {
  expect(builderStore(domain, table, slot, pteLo(frame, flags), pteHi(frame, flags))).toBe(true);
}

/** One request of `mmu_update`: four words. */
export function request(table: number, slot: number, frame: number, flags: number, command = 0): number[] {
  return [
    (table << 12) | (slot << 3) | command,
    Math.floor(table / 0x10_0000) | 0,
    pteLo(frame, flags),
    pteHi(frame, flags),
  ];
}

/** `mmu_update` of one entry. */
export function update(
  vcpu: Vcpu,
  table: number,
  slot: number,
  frame: number,
  flags: number,
  command = 0,
  foreigndom = DOMID_SELF,
): number {
  return doMmuUpdate(vcpu, Int32Array.from(request(table, slot, frame, flags, command)), 1, foreigndom);
}

/** One operation of `mmuext_op`: six words. */
export function operation(command: number, frame: number, second = 0): number[] {
  return [command, 0, frame | 0, Math.floor(frame / 2 ** 32) | 0, second | 0, Math.floor(second / 2 ** 32) | 0];
}

/** `mmuext_op` with one operation. */
export function ext(vcpu: Vcpu, command: number, frame = 0, second = 0, foreigndom = DOMID_SELF): number {
  return doMmuextOp(vcpu, Int32Array.from(operation(command, frame, second)), 1, foreigndom);
}

/** Pins a frame as a table of a level. */
export function pin(vcpu: Vcpu, level: number, frame: number): number {
  return ext(vcpu, level - 1, frame);
}

export const unpin = (vcpu: Vcpu, frame: number): number => ext(vcpu, 4, frame);
export const mark = (vcpu: Vcpu, frame: number): number => ext(vcpu, 19, frame);
export const unmark = (vcpu: Vcpu, frame: number): number => ext(vcpu, 20, frame);

/** Says that the audit finds nothing. */
export function expectClean(host: Host): void {
  const differences = audit(host);
  if (differences.length > 0) expect(differences).toEqual([]);
}

/** A frame as the recorded traces print it: type, type count, flags, general count, linear count. */
export function frameState(host: Host, frame: number): [string, number, string, number, number] {
  const type = readType(host, frame);
  const count = readCount(host, frame);
  const flags = `${type.validated ? "v" : ""}${type.pinned ? "p" : ""}${type.partial ? "x" : ""}${count.allocated ? "a" : ""}`;
  return [type.typeName, type.typeCount, flags, count.count, type.linear];
}

/** General and type count of each frame of a superpage. */
export function frameCounts(host: Host, head: number): [number, number][] {
  return Array.from({ length: 1 << host.superpageOrder }, (_, i) => [
    readCount(host, head + i).count,
    readType(host, head + i).typeCount,
  ]);
}

/** What {@link everyWord} leaves out. */
export interface WordsLeftOut {
  /** Types of frames with a type count of 0, which are history only. */
  readonly history?: boolean;
  /** Contents of memory. */
  readonly contents?: boolean;
}

/**
 * Every word of a host that decides anything, as text: two hosts with the same text are in the same state. TLB stamps,
 * the TLB clock and the heap's rover are not in it.
 */
export function everyWord(host: Host, leaveOut: WordsLeftOut = {}): string {
  const lines: string[] = [`free ${host.freeFrames} underflows ${host.underflows}`];
  for (let frame = 0; frame < host.frames; frame++) {
    const type = host.type.load(frame);
    const shown = leaveOut.history === true && (type & 0x7fffff) === 0 ? 0 : type;
    const note = host.memory.loadNote(frame);
    const progress = (type & (1 << 24)) === 0 ? "" : ` ${noteEntries(note)}${notePartial(note) ? "+" : ""}`;
    const count = host.count.load(frame) >>> 0;
    let contents = "";
    if (leaveOut.contents !== true && host.memory.find(frame) >= 0) {
      for (let slot = 0; slot < host.memory.entries; slot++) {
        const lo = host.memory.loadLo(frame, slot);
        const hi = host.memory.loadHi(frame, slot);
        if (lo !== 0 || hi !== 0) contents += ` ${slot}:${hi.toString(16)}:${lo.toString(16)}`;
      }
    }
    const owner = ownerOf(host, frame) ?? "-";
    lines.push(`${frame} ${count.toString(16)} ${shown >>> 0} ${owner} ${noteLinear(note)}${progress}${contents}`);
  }
  for (let i = 0; i < host.superpage.length; i++) lines.push(`superpage ${i} ${host.superpage.load(i)}`);
  for (let i = 0; i < host.superpageSlots.length; i++) lines.push(`slot word ${i} ${host.superpageSlots.load(i)}`);
  for (let i = 0; i < host.vcpuWords.length; i++) {
    // Whether the waiting table is partial says nothing where no table waits.
    const idle =
      i % VCPU_words === VCPU_old_guest_table_partial &&
      host.vcpuWords.load(i - VCPU_old_guest_table_partial + VCPU_old_guest_table) < 0;
    lines.push(`vcpu ${i} ${idle ? 0 : host.vcpuWords.load(i)}`);
  }
  for (let i = 0; i < host.domainWords.length; i++) {
    const word = host.domainWords.load(i);
    if (word !== 0) lines.push(`domain ${i} ${word}`);
  }
  return lines.join("\n");
}

/** Live superpage entries of a superpage, counted in every (partially) validated L2 table: writable, then read-only. */
export function liveEntries(host: Host, head: number): [number, number] {
  const live: [number, number] = [0, 0];
  for (let frame = 0; frame < host.frames; frame++) {
    const { typeName, typeCount, partial, entriesValidated } = readType(host, frame);
    if (typeName !== "l2" || typeCount === 0) continue;
    for (let slot = 0; slot < (partial ? entriesValidated : host.memory.entries); slot++) {
      const lo = host.memory.loadLo(frame, slot);
      if ((lo & 0x81) !== 0x81 || lo >>> 12 !== head) continue;
      live[(lo & 2) === 0 ? 1 : 0]++;
    }
  }
  return live;
}

/** Says that nothing is left of any domain: every frame free and every word about it zero. */
export function expectNothingLeft(host: Host, freeAtFirst: number): void {
  expect(host.freeFrames).toBe(freeAtFirst);
  expect(host.underflows).toBe(0);
  const left: unknown[] = [];
  for (let frame = 0; frame < host.frames; frame++) {
    const count = readCount(host, frame);
    const owner = ownerOf(host, frame);
    if (count.xenHeap) continue;
    const notes = host.memory.loadNote(frame);
    if (count.count !== 0 || !count.free || host.type.load(frame) !== 0 || owner !== undefined || notes !== 0) {
      left.push({ frame, count, type: host.type.load(frame), owner, notes });
    }
  }
  for (let i = 0; i < host.superpage.length; i++) {
    if (host.superpage.load(i) !== 0) left.push({ superpageWord: i, value: host.superpage.load(i) });
  }
  for (let i = 0; i < host.superpageSlots.length; i++) {
    if (host.superpageSlots.load(i) !== 0) left.push({ slotWord: i, value: host.superpageSlots.load(i) });
  }
  expect(left).toEqual([]);
  expectClean(host);
}
