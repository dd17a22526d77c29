import {
  DOMID_SELF,
  MMUEXT_MARK_SUPER,
  type MulticallEntry,
  type Vcpu,
  __HYPERVISOR_mmu_update,
  __HYPERVISOR_mmuext_op,
  __HYPERVISOR_update_va_mapping,
  doMmuUpdate,
  doMmuextOp,
  doMulticall,
  doUpdateVaMapping,
} from "@xsp/hypervisor";
import { assert } from "./assert.ts";
import type { GuestEvents } from "./guest-events.ts";
import { FL_ARGS, FL_CALLBACKS, FL_SLOTS, MulticallStatistics } from "./multicall-statistics.ts";

/** Entries in the buffer, and callbacks. */
const MC_BATCH = 32;
/** Argument space: 512 bytes, as 32-bit words. Room must be left over, so 31 updates fit and not 32. */
const MC_ARGS: number = (MC_BATCH * 16) / 4;
/** Words of one `struct mmu_update` and of one `struct mmuext_op`. */
const MMU_UPDATE_WORDS = 4;
const MMUEXT_OP_WORDS = 6;
/** Words kept for the register arguments of an update_va_mapping, which need no argument space. */
const VA_WORDS = 5;

/** What may be held back until the end of a section: [L39 asm/paravirt_types.h enum paravirt_lazy_mode]. */
export type LazyMode = "none" | "mmu" | "cpu";

/**
 * One CPU's buffer of hypercalls that wait to be issued as one multicall.
 *
 * ```text
 *   entries  │ update_va │ update_va │ mmuext ×2 │ mmu_update ×3 │ …              at most 32
 *   args                             └─► op op  └─► update update update …        less than 512 bytes
 *   callbacks  run when the batch was issued: locks that are held until then      at most 32
 * ```
 *
 * A request joins the entry before it when that is the same hypercall and space is left ("extension"). The buffer is
 * flushed when any part is full and, outside a lazy section, when the batch is issued. From 3.1 on one entry alone
 * bypasses the multicall and goes as a direct hypercall. Errors never reach the caller: they are counted and logged.
 *
 * Models: xen_mc_flush, __xen_mc_entry, xen_mc_extend_args, xen_mc_callback [L36x arch/x86/xen/multicalls.c].
 */
export class MulticallBuffer {
  readonly vcpu: Vcpu;
  readonly events: GuestEvents;
  readonly log: string[];
  lazyMode: LazyMode = "none";
  mcidx = 0;
  argidx = 0;
  readonly ops: Int32Array = new Int32Array(MC_BATCH);
  /** First argument word of each entry, and how many requests it carries. */
  readonly argStart: Int32Array = new Int32Array(MC_BATCH);
  readonly argCount: Int32Array = new Int32Array(MC_BATCH);
  readonly va: Int32Array = new Int32Array(MC_BATCH * VA_WORDS);
  readonly args: Int32Array = new Int32Array(MC_ARGS);
  /** Between xen_mc_batch and xen_mc_issue event upcalls are masked. */
  upcallsMasked = 0;
  /** Whether one entry alone goes as a direct hypercall. */
  readonly directSingleEntry: boolean;
  /** What waits for the batch to be issued. */
  readonly callbacks: (() => void)[] = [];
  readonly statistics: MulticallStatistics = new MulticallStatistics(MC_BATCH);

  constructor(vcpu: Vcpu, events: GuestEvents, log: string[], directSingleEntry: boolean) {
    this.vcpu = vcpu;
    this.events = events;
    this.log = log;
    this.directSingleEntry = directSingleEntry;
  }
}

/** Begins a batch: upcalls are masked until it is issued. */
export function xenMcBatch(mc: MulticallBuffer): void {
  mc.upcallsMasked++;
}

/** Ends a batch and flushes, unless the CPU is in that lazy mode and will flush when it leaves it. */
export function xenMcIssue(mc: MulticallBuffer, mode: LazyMode): void {
  assert(mc.upcallsMasked > 0, "a batch is issued after it was begun");
  if (mode === "none" || mc.lazyMode !== mode) xenMcFlush(mc);
  mc.upcallsMasked--;
}

/** Enters a lazy section: `arch_enter_lazy_mmu_mode`, `arch_start_context_switch`. */
export function enterLazy(mc: MulticallBuffer, mode: LazyMode): void {
  assert(mc.lazyMode === "none", "lazy modes do not nest");
  mc.lazyMode = mode;
}

/** Leaves it and flushes what was held back. */
export function leaveLazy(mc: MulticallBuffer, mode: LazyMode): void {
  assert(mc.lazyMode === mode, "the lazy mode that is left is the one that was entered");
  xenMcFlush(mc);
  mc.lazyMode = "none";
}

/**
 * Issues what a lazy section holds back, and stays in it: `arch_flush_lazy_mmu_mode`. For who must use an entry that it
 * has just set.
 */
export function flushLazyMmuMode(mc: MulticallBuffer): void {
  if (mc.lazyMode === "mmu") xenMcFlush(mc);
}

/** Has something done when the batch has been issued: `xen_mc_callback`. */
export function xenMcCallback(mc: MulticallBuffer, callback: () => void): void {
  if (mc.callbacks.length === MC_BATCH) {
    mc.statistics.addFlush(FL_CALLBACKS);
    xenMcFlush(mc);
  }
  mc.callbacks.push(callback);
}

/** Queues an update_va_mapping: `MULTI_update_va_mapping`. It takes an entry and no argument space. */
export function multiUpdateVaMapping(
  mc: MulticallBuffer,
  vaLo: number,
  vaHi: number,
  lo: number,
  hi: number,
  flags: number,
): void {
  const { va } = mc;
  const base = mcEntry(mc, __HYPERVISOR_update_va_mapping, 0) * VA_WORDS;
  va[base] = vaLo;
  va[base + 1] = vaHi;
  va[base + 2] = lo;
  va[base + 3] = hi;
  va[base + 4] = flags;
}

/**
 * Queues one `mmu_update` request, joined to the entry before it if possible.
 *
 * @param ptrLo - machine address of the entry with the MMU_… command in its two lowest bits.
 */
export function xenExtendMmuUpdate(mc: MulticallBuffer, ptrLo: number, ptrHi: number, lo: number, hi: number): void {
  const { args } = mc;
  const word = extendArgs(mc, __HYPERVISOR_mmu_update, MMU_UPDATE_WORDS);
  args[word] = ptrLo;
  args[word + 1] = ptrHi;
  args[word + 2] = lo;
  args[word + 3] = hi;
}

/**
 * Queues one `mmuext_op`, joined to the entry before it if possible.
 *
 * @param arg1Lo - frame number or linear address.
 */
export function xenExtendMmuextOp(mc: MulticallBuffer, command: number, arg1Lo: number, arg1Hi: number): void {
  assert(command < MMUEXT_MARK_SUPER, "marks are direct hypercalls");
  const { args } = mc;
  const word = extendArgs(mc, __HYPERVISOR_mmuext_op, MMUEXT_OP_WORDS);
  args[word] = command;
  args[word + 1] = 0;
  args[word + 2] = arg1Lo;
  args[word + 3] = arg1Hi;
  args[word + 4] = 0;
  args[word + 5] = 0;
}

/** Issues what is queued, then runs the callbacks: `xen_mc_flush`. */
export function xenMcFlush(mc: MulticallBuffer): void {
  if (mc.mcidx > 0) issue(mc);
  mc.statistics.mostCallbacks = Math.max(mc.statistics.mostCallbacks, mc.callbacks.length);
  for (const callback of mc.callbacks) callback();
  mc.callbacks.length = 0;
}

function issue(mc: MulticallBuffer): void {
  const count = mc.mcidx;
  mc.events.batches++;
  mc.events.batchEntries += count;
  mc.statistics.addBatch(mc.ops, count, mc.argidx * 4);
  let failed = 0;
  let results: readonly MulticallEntry[] = [];
  if (count === 1 && mc.directSingleEntry) {
    const result = issueDirectly(mc);
    if (result < 0) {
      failed = 1;
      results = [{ op: mc.ops[0] as number, args: [], result }];
    }
  } else {
    const entries = multicallEntries(mc);
    const rc = doMulticall(mc.vcpu, entries, count);
    assert(rc === 0, "a multicall itself does not fail (BUG in Linux)");
    for (const entry of entries) if (entry.result < 0) failed++;
    results = entries;
  }
  if (failed !== 0) report(mc, failed, results);
  mc.mcidx = 0;
  mc.argidx = 0;
}

/** Takes the next entry, `__xen_mc_entry`, with `words` of argument space. Returns its number. */
function mcEntry(mc: MulticallBuffer, op: number, words: number): number {
  assert(mc.upcallsMasked > 0, "calls are queued with upcalls masked");
  if (mc.mcidx === MC_BATCH || mc.argidx + words >= MC_ARGS) {
    mc.statistics.addFlush(mc.mcidx === MC_BATCH ? FL_SLOTS : FL_ARGS);
    xenMcFlush(mc);
  }
  const index = mc.mcidx++;
  mc.ops[index] = op;
  mc.argStart[index] = mc.argidx;
  mc.argCount[index] = 1;
  mc.argidx += words;
  return index;
}

/** Finds space for one more request of `op`: in the entry before if possible, else in a new one. Returns its word. */
function extendArgs(mc: MulticallBuffer, op: number, words: number): number {
  const last = mc.mcidx - 1;
  if (last >= 0 && mc.ops[last] === op && mc.argidx + words < MC_ARGS) {
    const word = mc.argidx;
    mc.argidx += words;
    mc.argCount[last] = (mc.argCount[last] as number) + 1;
    return word;
  }
  return mc.argStart[mcEntry(mc, op, words)] as number;
}

/** A single entry begins at word 0 of the arguments, so nothing need be copied or allocated. */
function issueDirectly(mc: MulticallBuffer): number {
  const { va, args, vcpu } = mc;
  const count = mc.argCount[0] as number;
  switch (mc.ops[0]) {
    case __HYPERVISOR_mmu_update:
      return doMmuUpdate(vcpu, args, count, DOMID_SELF);
    case __HYPERVISOR_mmuext_op:
      return doMmuextOp(vcpu, args, count, DOMID_SELF);
    default:
      return doUpdateVaMapping(
        vcpu,
        va[0] as number,
        va[1] as number,
        va[2] as number,
        va[3] as number,
        va[4] as number,
      );
  }
}

function multicallEntries(mc: MulticallBuffer): MulticallEntry[] {
  const entries: MulticallEntry[] = [];
  for (let index = 0; index < mc.mcidx; index++) {
    const op = mc.ops[index] as number;
    const start = mc.argStart[index] as number;
    const count = mc.argCount[index] as number;
    const args =
      op === __HYPERVISOR_update_va_mapping
        ? [...mc.va.subarray(index * VA_WORDS, (index + 1) * VA_WORDS)]
        : [mc.args.subarray(start), count, DOMID_SELF];
    entries.push({ op, args, result: 0 });
  }
  return entries;
}

/**
 * Says so in the kernel's words. [L36x multicalls.c, with MC_DEBUG]
 *
 * Simplified: without the entry's first argument, which is mostly an address in the buffer, and without the stack.
 */
function report(mc: MulticallBuffer, failed: number, results: readonly MulticallEntry[]): void {
  mc.events.multicallFailures += failed;
  mc.log.push(`${failed} multicall(s) failed: cpu 0`);
  for (const [index, { op, result }] of results.entries()) {
    const call = String(index + 1).padStart(2);
    if (result < 0) mc.log.push(`  call ${call}/${results.length}: op=${op} result=${result}`);
  }
}
