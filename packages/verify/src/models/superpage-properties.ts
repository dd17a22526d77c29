import type { Property, StateView } from "@xsp/checker";
import { audit, errnoName } from "@xsp/hypervisor";
import { type SuperpageMachine } from "./superpage-machine.ts";

/*
 * The properties of `protocol.md` over the superpage machine. Each loads words only; what it needs to know about their
 * layout it takes from the hypervisor's own packed words, spelled out here so that a mistake there cannot hide itself.
 *
 *   type_info    type 31–28, validated 26, count 22–0          count_info   state 24–23 (3 free), count 22–0
 *   an entry     present 0, RW 1, PSE 7, frame from 12       `sealed`     owner 29–22 of the superpage's first word
 */
const TYPE_COUNT = 0x7fffff;
const VALIDATED = 1 << 26;
const PRESENT_RW = 3;
const PRESENT = 1;
const PSE = 0x80;

function isTableInUse(word: number): boolean {
  const type = word >>> 28;
  return type >= 1 && type <= 5 && (word & VALIDATED) !== 0 && (word & TYPE_COUNT) !== 0;
}

/** Whether a table is one that a CPU could be walking. */
function isLive(machine: SuperpageMachine, table: number, level: number): boolean {
  const word = machine.host.type.load(table);
  return word >>> 28 === level && (word & VALIDATED) !== 0 && (word & TYPE_COUNT) !== 0;
}

/** Says through what a frame of the superpage can be written by a guest now; undefined when through nothing. */
function writableThrough(machine: SuperpageMachine, frame: number): string | undefined {
  const { host, l1, l2, directMap } = machine;
  for (const [vcpu, table] of l2.entries()) {
    const lo = host.memory.loadLo(table, 0);
    if ((lo & (PRESENT_RW | PSE)) === (PRESENT_RW | PSE) && lo >>> 12 === machine.head && isLive(machine, table, 2)) {
      return `the superpage entry in vCPU ${vcpu}'s L2 table`;
    }
  }
  for (const [vcpu, table] of l1.entries()) {
    const lo = host.memory.loadLo(table, 0);
    if ((lo & PRESENT_RW) === PRESENT_RW && lo >>> 12 === frame && isLive(machine, table, 1)) {
      return `the 4 KiB entry in vCPU ${vcpu}'s L1 table`;
    }
  }
  if (directMap >= 0) {
    const lo = host.memory.loadLo(directMap, frame - machine.head);
    if ((lo & PRESENT_RW) === PRESENT_RW && lo >>> 12 === frame && isLive(machine, directMap, 1)) {
      return "the kernel's direct map";
    }
  }
  if (host.translations !== undefined) {
    for (let cpu = 0; cpu < host.maxVcpus; cpu++) {
      if ((host.translations.load(cpu) & (1 << frame)) !== 0) return `a stale translation in CPU ${cpu}'s TLB`;
    }
  }
  return undefined;
}

function frames(machine: SuperpageMachine): number[] {
  return Array.from({ length: 1 << machine.host.superpageOrder }, (_, i) => machine.head + i);
}

/** The frame that breaks exclusion, if any. */
function brokenExclusion(machine: SuperpageMachine): string | undefined {
  for (const frame of frames(machine)) {
    if (!isTableInUse(machine.host.type.load(frame))) continue;
    const through = writableThrough(machine, frame);
    if (through !== undefined) {
      return `frame ${frame - machine.head} of the superpage is a validated page table and can be written through ${through}`;
    }
  }
  return undefined;
}

/** An entry to a frame that is not its table owner's, if any. */
function brokenIsolation(machine: SuperpageMachine): string | undefined {
  const { host, l1, l2 } = machine;
  const ownerOf = (frame: number): number => (host.owner.load(frame >> 1) >> ((frame & 1) << 4)) & 0xff;
  for (const [level, tables] of [
    [1, l1],
    [2, l2],
  ] as const) {
    for (const [vcpu, table] of tables.entries()) {
      const lo = host.memory.loadLo(table, 0);
      if ((lo & PRESENT) === 0 || !isLive(machine, table, level)) continue;
      const first = lo >>> 12;
      const covered = (lo & PSE) !== 0 && level === 2 ? frames(machine) : [first];
      const foreign = covered.find((frame) => ownerOf(frame) !== ownerOf(table));
      if (foreign !== undefined) {
        return `vCPU ${vcpu}'s L${level} entry maps frame ${foreign - machine.head} of the superpage, which its domain does not own`;
      }
    }
  }
  return undefined;
}

/** What is left of a destroyed domain, if anything. */
function leftOver(machine: SuperpageMachine): string | undefined {
  const { host } = machine;
  for (const domain of machine.domains) {
    const state = domain.load(0);
    const total = domain.load(1);
    if (state === 3 && domain.vcpus.every((vcpu) => vcpu.load(0) < 0) && total > 0) {
      return `domain ${domain.domid} was destroyed and ${total} of its frames are not free`;
    }
    if (state !== 0) continue;
    for (let frame = 1 << host.superpageOrder; frame < host.frames; frame++) {
      const slot = (host.owner.load(frame >> 1) >> ((frame & 1) << 4)) & 0xff;
      if (slot === domain.slot) return `domain ${domain.domid} is gone and still owns frame ${frame}`;
      if (slot === 0 && host.type.load(frame) !== 0) return `frame ${frame} is free and has a type`;
    }
    const words = host.scheme.wordsPerSuperpage;
    const slot = (host.owner.load(machine.head >> 1) >> ((machine.head & 1) << 4)) & 0xff;
    if (slot !== 0) continue;
    for (let word = 0; word < words; word++) {
      if (host.superpage.load(words + word) !== 0) return "the superpage is free and its word is not zero";
    }
  }
  return undefined;
}

/** The vCPU whose domain has changed the accounting of another's superpage, if any: it says so in its local state. */
function trespasser(state: StateView): string | undefined {
  for (let vcpu = 0; vcpu < state.vcpus; vcpu++) {
    if (state.vcpu(vcpu).local[1] === 1) {
      return `vCPU ${vcpu} has changed the accounting of the superpage, which its domain does not own`;
    }
  }
  return undefined;
}

/**
 * Whether the superpage's word names a domain that does not own its lead frame. Only `sealed` keeps an owner: as long as
 * it does, nobody else has anything to do with the word.
 */
function strangerWord(machine: SuperpageMachine): string | undefined {
  const { host, head } = machine;
  if (host.scheme.wordsPerSuperpage !== 2) return undefined;
  const named = (host.superpage.load(2) >>> 22) & 0xff;
  if (named === 0) return undefined;
  const owner = (host.owner.load(head >> 1) >> ((head & 1) << 4)) & 0xff;
  return named === owner
    ? undefined
    : `the superpage's word is that of the domain of slot ${named}, and its lead frame is not`;
}

function property(kind: Property["kind"], name: string, broken: (state: StateView) => string | undefined): Property {
  return { kind, name, holds: (state) => broken(state) === undefined, explain: (state) => broken(state) ?? "" };
}

/** S1 to S5 of `protocol.md`; S6 is the checker's own deadlock detection. */
export function superpageProperties(machine: SuperpageMachine): Property[] {
  const { host } = machine;
  return [
    property("always", "S1", () => brokenExclusion(machine)),
    property("always", "S2", () =>
      host.underflows === 0 ? undefined : `a reference on frame ${host.underflowFrame} was given back that nobody held`,
    ),
    property("quiescent", "S3", () => {
      const [first] = audit(host);
      return first === undefined
        ? undefined
        : `frame ${first.mfn}: ${first.word} is ${first.found}, what exists implies ${first.expected} (${first.reason})`;
    }),
    property("always", "S4", (state) => brokenIsolation(machine) ?? strangerWord(machine) ?? trespasser(state)),
    property("quiescent", "S5", () => leftOver(machine)),
  ];
}

/** What a hypercall's return value is called in a trace. */
export function resultName(rc: number): string {
  return rc < 0 ? errnoName(rc) : String(rc);
}
