import {
  allocateFramesAt,
  builderStore,
  createDomain,
  createHost,
  type Domain,
  doMmuextOp,
  DOMID_SELF,
  doSetGdt,
  type Host,
  type HostOptions,
  mfn,
  MMUEXT_NEW_BASEPTR,
  MMUEXT_NEW_USER_BASEPTR,
  MMUEXT_PIN_L4_TABLE,
  pteHi,
  pteLo,
  unpauseDomain,
  type Vcpu,
} from "@xsp/hypervisor";
import type { Interruption, TraceGuest, TraceMachine } from "../replay/trace-machine.ts";
import { FrameNames } from "../trace/frame-names.ts";
import type { TraceHeader, TraceMachineOptions } from "../trace/trace-header.ts";
import { word64 } from "../trace/word64.ts";

import { allocateGuardedWords } from "./guarded-words.ts";

/*
 * The small host on which hostile guests run. Every number follows from the options, so that a trace's header tells all.
 *
 *   | Xen | guest 0: superpages, then tables and pool | guest 1: the same | … | one superpage of free RAM |
 *
 * A guest starts with a pinned root, loaded as kernel and user root, and one chain of tables:
 *   g4[1] ─► tl3, tl3[0] ─► tl2, tl3[1] ─► tl2b, tl2[last] ─► tl1, which is empty.
 * A second vCPU, where guests have one, has the same root loaded for its kernel.
 * Its superpages and pool frames are zero and mapped nowhere.
 */

/** Frames of a guest beside its superpages: g4, tl3, tl2, tl2b, tl1, a descriptor frame, six of the pool. */
const TABLES = 5;
const POOL = 6;
const SINGLE_FRAMES = TABLES + 1 + POOL;
/** Slot of g4 that leads to the test tables. */
const TEST_SLOT = 1;
const PRESENT_RW_USER = 7;

/** Where things stand on an adversary's host. */
export interface AdversaryLayout {
  readonly superpageFrames: number;
  readonly tableEntries: number;
  /** Frames of the whole host. */
  readonly frames: number;
  /** First frame of each guest. */
  readonly guestStarts: readonly number[];
  /** Frames of each guest. */
  readonly guestFrames: number;
}

/** Lays out the host that the options describe. */
export function adversaryLayout(options: TraceMachineOptions): AdversaryLayout {
  const superpageFrames = 1 << options.superpageOrder;
  const singles = Math.ceil(SINGLE_FRAMES / superpageFrames) * superpageFrames;
  const guestFrames = options.superpages * superpageFrames + singles;
  const guestStarts = Array.from({ length: options.guests }, (_, index) => superpageFrames + index * guestFrames);
  return {
    superpageFrames,
    tableEntries: 1 << options.tableOrder,
    frames: superpageFrames * 2 + options.guests * guestFrames,
    guestStarts,
    guestFrames,
  };
}

/** The header of a trace recorded on this host. Symbolic tables are those of guest 0. */
export function adversaryHeader(options: TraceMachineOptions, args: string): TraceHeader {
  const layout = adversaryLayout(options);
  const superpages = layout.guestStarts.flatMap((start) =>
    Array.from({ length: options.superpages }, (_, index) => start + index * layout.superpageFrames),
  );
  const singlesOf = (start: number): number => start + options.superpages * layout.superpageFrames;
  const pool = layout.guestStarts.flatMap((start) =>
    Array.from({ length: POOL }, (_, index) => singlesOf(start) + TABLES + 1 + index),
  );
  const [g4, tl3, tl2, tl2b, tl1] = tablesOf(singlesOf(layout.guestStarts[0] ?? 0));
  return {
    args,
    maxPage: layout.frames,
    guestFrames: layout.guestFrames,
    probe: true,
    superpages,
    pool,
    tables: { g4, tl3, tl2, tl2b, tl1 },
    machine: options,
  };
}

function tablesOf(first: number): [number, number, number, number, number] {
  return [first, first + 1, first + 2, first + 3, first + 4];
}

/**
 * Builds the host and its guests.
 *
 * @throws RangeError naming the option that no host can have.
 */
export function buildAdversaryMachine(options: TraceMachineOptions): TraceMachine {
  const { tableOrder, superpageOrder, superpages } = options;
  if (tableOrder < 1) throw new RangeError(`tableOrder: ${tableOrder} given, expected 1 to 9`);
  const layout = adversaryLayout(options);
  const header = adversaryHeader(options, "");
  const vcpus = options.vcpus ?? 1;
  const interruption: Interruption = { run: undefined };
  const host = createHost({
    frames: layout.frames,
    scheme: options.scheme,
    version: options.version as NonNullable<HostOptions["version"]>,
    superpagesAllowed: options.superpagesAllowed,
    superpageOrder,
    tableOrder,
    xenFrames: layout.superpageFrames,
    maxVcpus: options.guests * vcpus,
    preempt: preemptEach(options.preemptEvery),
    continued: () => interruption.run?.(),
    allocate: allocateGuardedWords,
    unfixed: (options.unfixed ?? []) as NonNullable<HostOptions["unfixed"]>,
  });
  const guests = layout.guestStarts.map((start) => buildGuest(host, layout, start, superpages, vcpus));
  return {
    host,
    header,
    names: new FrameNames(header),
    guests,
    interruption,
    superpageFrames: layout.superpageFrames,
    tableEntries: layout.tableEntries,
    testBase: word64(TEST_SLOT * 2 ** (12 + 3 * tableOrder)),
    lowmemBase: word64(0),
  };
}

/** Says yes to every so many-th question. */
function preemptEach(every: number): () => boolean {
  let asked = 0;
  return every <= 0 ? () => false : () => ++asked % every === 0;
}

function buildGuest(host: Host, layout: AdversaryLayout, start: number, superpages: number, vcpus: number): TraceGuest {
  // One superpage more than it has: room for memory_op to give it frames.
  const domain = createDomain(host, { vcpus, maxFrames: layout.guestFrames + layout.superpageFrames });
  if (!allocateFramesAt(domain, mfn(start), layout.guestFrames)) {
    throw new RangeError(`superpages: the host has no room for a guest of ${layout.guestFrames} frames`);
  }
  const [vcpu, other] = domain.vcpus as [Vcpu, Vcpu | undefined];
  const singles = start + superpages * layout.superpageFrames;
  const [g4, tl3, tl2, tl2b, tl1] = tablesOf(singles);
  link(domain, g4, TEST_SLOT, tl3);
  link(domain, tl3, 0, tl2);
  link(domain, tl3, 1, tl2b);
  link(domain, tl2, layout.tableEntries - 1, tl1);
  for (const command of [MMUEXT_PIN_L4_TABLE, MMUEXT_NEW_BASEPTR, MMUEXT_NEW_USER_BASEPTR]) {
    expectDone(doMmuextOp(vcpu, Int32Array.of(command, 0, g4, 0, 0, 0), 1, DOMID_SELF));
  }
  const gdtFrame = singles + TABLES;
  expectDone(doSetGdt(vcpu, Int32Array.of(gdtFrame), 15));
  if (other !== undefined) {
    expectDone(doMmuextOp(other, Int32Array.of(MMUEXT_NEW_BASEPTR, 0, g4, 0, 0, 0), 1, DOMID_SELF));
  }
  unpauseDomain(domain);
  const first = { domain, vcpu, gdtFrame };
  return other === undefined ? first : { ...first, second: { domain, vcpu: other, gdtFrame } };
}

function link(domain: Domain, table: number, entry: number, target: number): void {
  if (!builderStore(domain, mfn(table), entry, pteLo(target, PRESENT_RW_USER), pteHi(target))) {
    throw new RangeError(`the builder cannot write entry ${entry} of frame ${table}`);
  }
}

function expectDone(rc: number): void {
  if (rc !== 0) throw new RangeError(`a guest's first tables are refused: ${rc}`);
}
