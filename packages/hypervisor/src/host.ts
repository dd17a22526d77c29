import {
  DOMAIN_dirty_cpus,
  DOMAIN_state,
  DOMAIN_total_pages,
  DOMAIN_words,
  DOMSTATE_building,
  DOMSTATE_none,
} from "./domain-words.ts";
import type { HostOptions } from "./host-options.ts";
import {
  VCPU_guest_table,
  VCPU_guest_table_user,
  VCPU_old_guest_ptpg,
  VCPU_old_guest_table,
  VCPU_old_superpage,
  VCPU_words,
} from "./vcpu-words.ts";
import type { Words } from "@xsp/words";
import { allocatePlainWords } from "@xsp/words";
import { type UnfixedAdvisories, unfixedAdvisories } from "./advisory.ts";
import { defaultMemoryMap, firstXenFrame, layOutMemory } from "./memory-map.ts";
import { OWNER_FIRST_DOMAIN, OWNER_IO, OWNER_SLOTS, OWNER_XEN } from "./owner-info.ts";
import { PageMemory } from "./page-memory.ts";
import { type PlainFrameTable, plainFrameTable } from "./plain-frame-table.ts";
import { PerfCounters, type PerfSnapshot, snapshotPerf } from "./perf-counters.ts";
import { type Refusal, RefusalLog } from "./refusal-log.ts";
import type { PageTableContents } from "./page-table-contents.ts";
import type { Scheme } from "./scheme.ts";
import { SLOT_WORDS } from "./sealed-slot-info.ts";
import { type VersionSwitches, type XenVersion, versions } from "./version.ts";

// Words of the control region: the TLB clock, what went wrong, then for each vCPU the clock at its last flush.
const CONTROL_clock = 0;
const CONTROL_underflows = 1;
const CONTROL_underflow_frame = 2;
const CONTROL_flushTimes = 3;

/** A domain: its words stand in the host's domain region, so that every vCPU sees the same. */
export class Domain {
  readonly host: Host;
  readonly domid: number;
  /** What the frame table calls it. */
  readonly slot: number;
  /** Limit on the frames it may own. */
  readonly maxFrames: number;
  /** Whether it may use I/O memory and cache attributes, as dom0 may. */
  readonly privileged: boolean;
  readonly vcpus: Vcpu[] = [];

  constructor(host: Host, domid: number, slot: number, maxFrames: number, privileged: boolean) {
    this.host = host;
    this.domid = domid;
    this.slot = slot;
    this.maxFrames = maxFrames;
    this.privileged = privileged;
  }

  load(field: number): number {
    return this.host.domainWords.load(this.slot * DOMAIN_words + field);
  }

  store(field: number, value: number): void {
    this.host.domainWords.store(this.slot * DOMAIN_words + field, value);
  }

  /** Adds to a field in one step. */
  add(field: number, amount: number): void {
    addToWord(this.host.domainWords, this.slot * DOMAIN_words + field, amount);
  }

  /** Sets bits of a field in one step. */
  setBits(field: number, bits: number): void {
    const words = this.host.domainWords;
    const index = this.slot * DOMAIN_words + field;
    let x = words.load(index);
    while ((x & bits) !== bits) {
      const seen = words.compareAndSwap(index, x, x | bits);
      if (seen === x) return;
      x = seen;
    }
  }
}

/** A virtual CPU. Simplified: each has a physical CPU of its own. */
export class Vcpu {
  readonly host: Host;
  readonly domain: Domain;
  /** Number in the whole host: its physical CPU. */
  readonly cpu: number;
  /** Requests done by the last `mmu_update`, `mmuext_op` or `memory_op`: what Xen writes to `pdone`. */
  done = 0;

  constructor(domain: Domain, cpu: number) {
    this.host = domain.host;
    this.domain = domain;
    this.cpu = cpu;
  }

  load(field: number): number {
    return this.host.vcpuWords.load(this.cpu * VCPU_words + field);
  }

  store(field: number, value: number): void {
    this.host.vcpuWords.store(this.cpu * VCPU_words + field, value);
  }
}

/**
 * A machine under Xen: everything that its CPUs share.
 *
 * Memory: 10 bytes a frame (`count_info` 4, `type_info` 4, owner and TLB stamp 2) and a few words a superpage; see
 * {@link bytesPerFrame}. The contents of page tables come on top, 8 bytes an entry, for the frames that were written.
 */
export class Host {
  readonly frames: number;
  readonly superpageOrder: number;
  readonly tableOrder: number;
  readonly superpagesAllowed: boolean;
  readonly debugBuild: boolean;
  /** Which fixes are taken out. */
  readonly unfixed: UnfixedAdvisories;
  /** For each CPU the frames that it may write through a cached translation, as a mask; undefined when not modelled. */
  readonly translations: Words | undefined;
  readonly versionName: XenVersion;
  readonly version: VersionSwitches;
  readonly scheme: Scheme;
  /** `count_info` of each frame. */
  readonly count: Words;
  /** `type_info` of each frame. */
  readonly type: Words;
  /** Owner and TLB stamp of each frame, two frames a word. */
  readonly owner: Words;
  /** The three above as bare arrays, where this host has one thread only: for the loop over a superpage's frames. */
  readonly plainFrames: PlainFrameTable | undefined;
  /** The scheme's words, {@link Scheme.wordsPerSuperpage} for each superpage. */
  readonly superpage: Words;
  /** Superpages, a broken one at the end included. */
  readonly superpages: number;
  /** Slots over which the scheme counts entries: as many as it asks for, and no more than there are vCPUs. */
  readonly slots: number;
  /** The words of the slots, all of slot 0 first; see `sealed-slot-info.ts`. Empty where the scheme has no slots. */
  readonly superpageSlots: Words;
  /** Heap: see `heap.ts`. */
  readonly heap: Words;
  readonly control: Words;
  readonly vcpuWords: Words;
  readonly domainWords: Words;
  readonly memory: PageMemory;
  readonly perf: PerfCounters = new PerfCounters();
  /** The counters when they were last reset by debug key `P`. They go on counting, for others take differences too. */
  perfReset: PerfSnapshot = snapshotPerf(this);
  readonly maxVcpus: number;
  /** Frames that a physical address can name. */
  readonly physicalFrames: number;
  /** Domains by owner slot. */
  readonly domains: (Domain | undefined)[] = [];
  /** Validation of page-table contents, in a higher row. */
  readonly contents: PageTableContents;
  readonly preempt: (vcpu: Vcpu) => boolean;
  /** Whether {@link Host.preempt} need not be asked: nobody gave one. */
  readonly neverPreempts: boolean;
  readonly continued: (vcpu: Vcpu) => void;
  /** Stands for Xen itself where no guest's vCPU is running: it owns nothing and cannot make hypercalls. */
  readonly xen: Vcpu;
  /** What Xen's private entries point to: a frame of its own, which no guest can reference, if it keeps any. */
  readonly xenFrame: number;
  /** The last check that refused something, for explanations; nothing is decided by it. */
  lastRefusal: Refusal | undefined = undefined;
  /** The last refusals, for `xl dmesg`. */
  readonly refusals: RefusalLog = new RefusalLog();

  constructor(options: HostOptions, contents: PageTableContents) {
    const whole = (name: string, value: number, least: number, most: number): number => {
      if (!Number.isInteger(value) || value < least || value > most) {
        throw new RangeError(`${name}: ${value} given, expected a whole number from ${least} to ${most}`);
      }
      // A small integer to the engine, too, however the caller came by it: every check of a frame number compares with it.
      return value | 0;
    };
    this.superpageOrder = whole("superpageOrder", options.superpageOrder ?? 9, 0, 9);
    this.tableOrder = whole("tableOrder", options.tableOrder ?? 9, 0, 9);
    this.frames = whole("frames", options.frames, 1, 2 ** 30);
    this.maxVcpus = whole("maxVcpus", options.maxVcpus ?? 4, 1, 31);
    this.physicalFrames = 2 ** (whole("physicalAddressBits", options.physicalAddressBits ?? 40, 32, 52) - 12);
    this.versionName = options.version ?? "xen-4.9";
    const version = versions[this.versionName];
    if (version === undefined) {
      throw new RangeError(
        `version: "${String(options.version)}" given, expected one of ${Object.keys(versions).join(", ")}`,
      );
    }
    this.version = version;
    this.superpagesAllowed = version.superpages && (options.superpagesAllowed ?? true);
    this.unfixed = unfixedAdvisories(options.unfixed ?? []);
    this.debugBuild = options.debugBuild ?? false;
    this.scheme = options.scheme;
    this.contents = contents;
    this.preempt = options.preempt ?? (() => false);
    this.neverPreempts = options.preempt === undefined;
    this.continued = options.continued ?? (() => {});

    const allocate = options.allocate ?? allocatePlainWords;
    const superpages = Math.ceil(this.frames / (1 << this.superpageOrder));
    this.superpages = superpages;
    this.slots = Math.min(this.scheme.slots ?? 0, this.maxVcpus);
    this.count = allocate(this.frames, "count_info");
    this.type = allocate(this.frames, "type_info");
    this.owner = allocate((this.frames + 1) >> 1, "owner");
    this.plainFrames = plainFrameTable(this.count, this.type, this.owner);
    this.superpage = allocate(Math.max(1, superpages * this.scheme.wordsPerSuperpage), "superpage");
    this.superpageSlots = allocate(superpages * this.slots * SLOT_WORDS, "superpage slots");
    this.heap = allocate(4 + superpages, "heap");
    this.control = allocate(CONTROL_flushTimes + this.maxVcpus + 1, "control");
    this.vcpuWords = allocate((this.maxVcpus + 1) * VCPU_words, "vcpu");
    this.domainWords = allocate(OWNER_SLOTS * DOMAIN_words, "domain");
    if (options.modelTlb === true) whole("frames (with modelTlb)", this.frames, 1, 31);
    this.translations = options.modelTlb === true ? allocate(this.maxVcpus + 1, "tlb") : undefined;
    this.memory = new PageMemory(this.frames, this.tableOrder, allocate, options.residentMemory ?? false);
    this.control.store(CONTROL_clock, 1);
    for (let cpu = 0; cpu <= this.maxVcpus; cpu++) this.control.store(CONTROL_flushTimes + cpu, 1);

    const xen = new Domain(this, 0x7ff2, OWNER_XEN, 0, true);
    const io = new Domain(this, 0x7ff1, OWNER_IO, 0, true);
    this.domains[OWNER_XEN] = xen;
    this.domains[OWNER_IO] = io;
    this.xen = new Vcpu(xen, this.maxVcpus);
    resetVcpu(this.xen);

    layOutMemory(this, options.memoryMap ?? defaultMemoryMap(this, options.xenFrames));
    this.xenFrame = firstXenFrame(this);
  }

  /**
   * Notes which check refused something.
   *
   * @param wantedType - the type bits that the frame was wanted as, where its type is what was refused.
   * @returns `rc`, so that a check can refuse and say why in one statement.
   */
  refuse(check: string, frame: number, rc: number, wantedType = 0): number {
    const valid = this.mfnValid(frame);
    const count = valid ? this.count.load(frame) : 0;
    this.lastRefusal = { check, mfn: frame, rc, count, type: valid ? this.type.load(frame) : 0, wantedType };
    this.refusals.add(this.lastRefusal);
    return rc;
  }

  /**
   * Notes for the log alone that a caller was refused: why it was stands in {@link Host.lastRefusal} already. It reads no
   * shared word, which the checker would take for a step.
   */
  noteRefusal(check: string, frame: number, rc: number): void {
    this.refusals.add({ check, mfn: frame, rc, count: 0, type: 0, wantedType: 0 });
  }

  /** Frames in the heap. */
  get freeFrames(): number {
    return this.heap.load(1);
  }

  /** Finds a domain that is not dead by its id. */
  findDomain(domid: number): Domain | undefined {
    for (let slot = OWNER_FIRST_DOMAIN; slot < this.domains.length; slot++) {
      const domain = this.domains[slot];
      if (domain !== undefined && domain.domid === domid && domain.load(DOMAIN_state) !== DOMSTATE_none) return domain;
    }
    return undefined;
  }

  /** Domains that exist, guests only, by owner slot. */
  guests(): Domain[] {
    return this.domains.filter(
      (domain): domain is Domain =>
        domain !== undefined && domain.slot >= OWNER_FIRST_DOMAIN && domain.load(DOMAIN_state) !== DOMSTATE_none,
    );
  }

  /**
   * Adds a domain with its vCPUs, in the slot of a dead one if there is any.
   *
   * @throws RangeError when the host has no slot, no vCPU or another domain of that id.
   */
  addDomain(domid: number, vcpus: number, maxFrames: number, privileged: boolean): Domain {
    const guests = this.guests();
    if (guests.some((guest) => guest.domid === domid)) throw new RangeError(`domid: ${domid} is in use`);
    const usedCpus = guests.flatMap((guest) => guest.vcpus.map((vcpu) => vcpu.cpu));
    if (!Number.isInteger(vcpus) || vcpus < 1 || usedCpus.length + vcpus > this.maxVcpus) {
      throw new RangeError(
        `vcpus: ${vcpus} given, expected 1 to ${this.maxVcpus - usedCpus.length} (maxVcpus of the host less those in use)`,
      );
    }
    let slot = OWNER_FIRST_DOMAIN;
    while (guests.some((guest) => guest.slot === slot)) slot++;
    if (slot >= OWNER_SLOTS) throw new RangeError(`a host has room for ${OWNER_SLOTS - OWNER_FIRST_DOMAIN} domains`);
    const domain = new Domain(this, domid, slot, maxFrames, privileged);
    this.domains[slot] = domain;
    for (let cpu = 0; domain.vcpus.length < vcpus; cpu++) {
      if (usedCpus.includes(cpu)) continue;
      const vcpu = new Vcpu(domain, cpu);
      resetVcpu(vcpu);
      domain.vcpus.push(vcpu);
    }
    domain.store(DOMAIN_state, DOMSTATE_building);
    domain.store(DOMAIN_total_pages, 0);
    domain.store(DOMAIN_dirty_cpus, 0);
    return domain;
  }

  /**
   * Notes that a reference was to be given back which nobody held, so that `audit` and the checker can see it. It is
   * refused and the count stays at 0: what Xen stops at in a debug build, and lets wrap in a release build.
   */
  noteUnderflow(frame: number): void {
    this.control.store(CONTROL_underflow_frame, frame);
    addToWord(this.control, CONTROL_underflows, 1);
  }

  /** How often {@link Host.noteUnderflow} was called. */
  get underflows(): number {
    return this.control.load(CONTROL_underflows);
  }

  /** Frame of the last underflow. */
  get underflowFrame(): number {
    return this.control.load(CONTROL_underflow_frame);
  }

  /** The TLB clock. */
  get tlbClock(): number {
    return this.control.load(CONTROL_clock);
  }

  /** Puts the TLB clock on by one unless another CPU did it since `seen`. */
  advanceTlbClock(seen: number, next: number): boolean {
    return this.control.compareAndSwap(CONTROL_clock, seen, next) === seen;
  }

  /** TLB clock at the last flush of a CPU. */
  flushTime(cpu: number): number {
    return this.control.load(CONTROL_flushTimes + cpu);
  }

  /** Says that a CPU was flushed at this time: it has no cached translation any more. */
  setFlushTime(cpu: number, time: number): void {
    this.translations?.store(cpu, 0);
    this.control.store(CONTROL_flushTimes + cpu, time);
  }

  /** Whether a frame number names a frame of this machine: `mfn_valid`. */
  mfnValid(frame: number): boolean {
    return frame >= 0 && frame < this.frames;
  }
}

function resetVcpu(vcpu: Vcpu): void {
  for (let field = 0; field < VCPU_words; field++) vcpu.store(field, 0);
  const frameFields = [
    VCPU_guest_table,
    VCPU_guest_table_user,
    VCPU_old_guest_table,
    VCPU_old_guest_ptpg,
    VCPU_old_superpage,
  ];
  for (const field of frameFields) {
    vcpu.store(field, -1);
  }
}

/** Adds to a word in one step. */
function addToWord(words: Words, index: number, amount: number): void {
  let x = words.load(index);
  for (;;) {
    const seen = words.compareAndSwap(index, x, x + amount);
    if (seen === x) return;
    x = seen;
  }
}

/** Bytes of accounting state for each frame: frame table, superpage words, heap. Contents of page tables are memory. */
export function bytesPerFrame(host: Host): number {
  const { count, type, owner, superpage, superpageSlots, heap } = host;
  const words = count.length + type.length + owner.length + superpage.length + superpageSlots.length + heap.length;
  return (words * 4) / host.frames;
}
