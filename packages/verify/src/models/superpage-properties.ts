import type { Property, StateView } from "@xsp/checker";
import { audit, errnoName } from "@xsp/hypervisor";
import { frameName, type SuperpageMachine, superpageFrames, superpageName } from "./superpage-machine.ts";

/*
 * The properties of `protocol.md` over the superpage machine. Each loads words only; what it needs to know about their
 * layout it takes from the hypervisor's own packed words, spelled out here so that a mistake there cannot hide itself.
 *
 *   type_info    type 31–28, validated 26                      owner        slots 7–0 and 23–16, a frame each
 *   an entry     present 0, RW 1, PSE 7, frame from 12       `sealed`     owner 29–22 of the superpage's first word
 */
const VALIDATED = 1 << 26;
const TYPE_AND_VALIDATED = (0xf << 28) | VALIDATED;
/** Owner slots of the two frames of an owner word; what stands beside them are TLB stamps. */
const OWNERS = 0x00ff00ff;
const SEALED_OWNER = 0xff << 22;
/** Word of a vCPU that says whether anything waits to be put before its hypercall returns. */
const OLD_GUEST_TABLE = 2;
const NOTHING_OLD = -1;
const PRESENT_RW = 3;
const PRESENT = 1;
const PSE = 0x80;

/**
 * Level of the page table that a frame is, validated and in use; 0 when it is none. The flag goes before the count does,
 * so there is no need to look at the count, which changes with every page lock.
 */
function tableLevel(machine: SuperpageMachine, state: StateView, frame: number): number {
  const word = state.bits(TYPE_AND_VALIDATED, () => machine.host.type.load(frame));
  const type = word >>> 28;
  return type <= 4 && (word & VALIDATED) !== 0 ? type : 0;
}

/** Says through what a frame of a superpage can be written by a guest now; undefined when through nothing. */
function writableThrough(
  machine: SuperpageMachine,
  state: StateView,
  superpage: number,
  frame: number,
): string | undefined {
  const { host, heads, l1, l2, directMap } = machine;
  const head = heads[superpage] as number;
  for (const [vcpu, table] of l2.entries()) {
    for (let slot = 0; slot < heads.length; slot++) {
      const lo = host.memory.loadLo(table, slot);
      if (
        (lo & (PRESENT_RW | PSE)) === (PRESENT_RW | PSE) &&
        lo >>> 12 === head &&
        tableLevel(machine, state, table) === 2
      ) {
        return `the superpage entry in vCPU ${vcpu}'s L2 table`;
      }
    }
  }
  for (const [vcpu, table] of l1.entries()) {
    for (let slot = 0; slot < heads.length; slot++) {
      const lo = host.memory.loadLo(table, slot);
      if ((lo & PRESENT_RW) === PRESENT_RW && lo >>> 12 === frame && tableLevel(machine, state, table) === 1) {
        return `the 4 KiB entry in vCPU ${vcpu}'s L1 table`;
      }
    }
  }
  if (directMap >= 0) {
    const lo = host.memory.loadLo(directMap, frame - (heads[0] as number));
    if ((lo & PRESENT_RW) === PRESENT_RW && lo >>> 12 === frame && tableLevel(machine, state, directMap) === 1) {
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

/** The frame that breaks exclusion, if any. */
function brokenExclusion(machine: SuperpageMachine, state: StateView): string | undefined {
  for (const superpage of machine.heads.keys()) {
    for (const frame of superpageFrames(machine, superpage)) {
      if (tableLevel(machine, state, frame) === 0) continue;
      const through = writableThrough(machine, state, superpage, frame);
      if (through !== undefined) {
        return `${frameName(machine, frame)} is a validated page table and can be written through ${through}`;
      }
    }
  }
  return undefined;
}

/** An entry to a frame that is not its table owner's, if any. */
function brokenIsolation(machine: SuperpageMachine, state: StateView): string | undefined {
  const { host, heads, l1, l2 } = machine;
  const size = 1 << host.superpageOrder;
  const ownerOf = (frame: number): number =>
    (state.bits(OWNERS, () => host.owner.load(frame >> 1)) >> ((frame & 1) << 4)) & 0xff;
  for (const [level, tables] of [
    [1, l1],
    [2, l2],
  ] as const) {
    for (const [vcpu, table] of tables.entries()) {
      for (let slot = 0; slot < heads.length; slot++) {
        const lo = host.memory.loadLo(table, slot);
        if ((lo & PRESENT) === 0 || tableLevel(machine, state, table) !== level) continue;
        const first = lo >>> 12;
        const covered = (lo & PSE) !== 0 && level === 2 ? size : 1;
        for (let frame = first; frame < first + covered; frame++) {
          if (ownerOf(frame) === ownerOf(table)) continue;
          return `vCPU ${vcpu}'s L${level} entry maps ${frameName(machine, frame)}, which its domain does not own`;
        }
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
    for (const [superpage, head] of machine.heads.entries()) {
      const owner = (host.owner.load(head >> 1) >> ((head & 1) << 4)) & 0xff;
      if (owner !== 0) continue;
      const first = (head >> host.superpageOrder) * words;
      for (let word = first; word < first + words; word++) {
        if (host.superpage.load(word) === 0) continue;
        return `${superpageName(machine, superpage)} is free and its word is not zero`;
      }
    }
  }
  return undefined;
}

/** The vCPU whose domain has changed the accounting of another's superpage, if any: it says so in its local state. */
function trespasser(machine: SuperpageMachine, state: StateView): string | undefined {
  for (let vcpu = 0; vcpu < state.vcpus; vcpu++) {
    if (state.vcpu(vcpu).local[1] === 1) {
      const what = machine.heads.length === 1 ? "the superpage" : "a superpage";
      return `vCPU ${vcpu} has changed the accounting of ${what}, which its domain does not own`;
    }
  }
  return undefined;
}

/**
 * Whether a superpage's word names a domain that does not own its lead frame. Only `sealed` keeps an owner: as long as
 * it does, nobody else has anything to do with the word.
 */
function strangerWord(machine: SuperpageMachine, state: StateView): string | undefined {
  const { host, heads } = machine;
  if (!host.scheme.name.startsWith("sealed")) return undefined;
  for (const [superpage, head] of heads.entries()) {
    const word = state.bits(SEALED_OWNER, () => host.superpage.load(2 * (head >> host.superpageOrder)));
    const named = (word & SEALED_OWNER) >>> 22;
    if (named === 0) continue;
    const owner = (state.bits(OWNERS, () => host.owner.load(head >> 1)) >> ((head & 1) << 4)) & 0xff;
    if (named === owner) continue;
    return `${superpageName(machine, superpage)}'s word is that of the domain of slot ${named}, and its lead frame is not`;
  }
  return undefined;
}

function property(kind: Property["kind"], name: string, broken: (state: StateView) => string | undefined): Property {
  return { kind, name, holds: (state) => broken(state) === undefined, explain: (state) => broken(state) ?? "" };
}

/**
 * S1 to S5 of `protocol.md`. The first half of S6 is the checker's own deadlock detection: operations are bounded and their
 * loops go on only when another vCPU has moved, so whoever waits for ever waits in a deadlock. The second: UnmarkAtLast.
 *
 * @param allReturn - whether every hypercall returns: then nothing may be left to do for a vCPU at rest.
 */
export function superpageProperties(machine: SuperpageMachine, allReturn: boolean): Property[] {
  const { host } = machine;
  return [
    property("always", "S1", (state) => brokenExclusion(machine, state)),
    property("always", "S2", () =>
      host.underflows === 0 ? undefined : `a reference on frame ${host.underflowFrame} was given back that nobody held`,
    ),
    property("quiescent", "S3", () => {
      const unfinished = machine.vcpus.findIndex((vcpu) => allReturn && vcpu.load(OLD_GUEST_TABLE) !== NOTHING_OLD);
      if (unfinished >= 0) return `vCPU ${unfinished} has returned, and a table or superpage still waits to be put`;
      const [first] = audit(host);
      return first === undefined
        ? undefined
        : `frame ${first.mfn}: ${first.word} is ${first.found}, what exists implies ${first.expected} (${first.reason})`;
    }),
    property("always", "S4", (state) => {
      return brokenIsolation(machine, state) ?? strangerWord(machine, state) ?? trespasser(machine, state);
    }),
    property("quiescent", "S5", () => leftOver(machine)),
  ];
}

/** What a hypercall's return value is called in a trace. */
export function resultName(rc: number): string {
  return rc < 0 ? errnoName(rc) : String(rc);
}
