import {
  MMUEXT_TLB_FLUSH_LOCAL,
  __HYPERVISOR_mmu_update,
  __HYPERVISOR_mmuext_op,
  __HYPERVISOR_update_va_mapping,
} from "@xsp/hypervisor";
import { describe, expect, it } from "vitest";
import { FL_ARGS, FL_CALLBACKS, FL_SLOTS, type GuestOptions, type Process } from "../src/index.ts";
import {
  type MulticallBuffer,
  enterLazy,
  flushLazyMmuMode,
  leaveLazy,
  multiUpdateVaMapping,
  xenExtendMmuUpdate,
  xenExtendMmuextOp,
  xenMcBatch,
  xenMcCallback,
  xenMcFlush,
  xenMcIssue,
} from "../src/multicall-buffer.ts";
import { PG_ptlocked } from "../src/mem-map.ts";
import { xenPgdPin, xenPgdUnpin } from "../src/pgd-pin.ts";
import { xenWriteCr3 } from "../src/pv-mmu.ts";
import { type Measured, type Pair, boot, expectClean, measure, mmapShared, ok } from "./small-guest.ts";

const flush = (mc: MulticallBuffer): void => xenExtendMmuextOp(mc, MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
// Requests that change nothing: one that fails is queued and flushed like any other.
const update = (mc: MulticallBuffer): void => xenExtendMmuUpdate(mc, 0, 0, 0, 0);
const va = (mc: MulticallBuffer): void => multiUpdateVaMapping(mc, 0, 0, 0, 0, 0);

function batchOf(fill: (mc: MulticallBuffer) => void, options: GuestOptions = {}): Measured & { readonly pair: Pair } {
  const pair = boot("xen-4.1", 8, options);
  const { mc } = pair.guest.kernel;
  const measured = measure(pair, () => {
    xenMcBatch(mc);
    fill(mc);
    xenMcIssue(mc, "none");
  });
  return { ...measured, pair };
}

const repeat = (times: number, queue: (mc: MulticallBuffer) => void) => {
  return (mc: MulticallBuffer): void => {
    for (let time = 0; time < times; time++) queue(mc);
  };
};

const sequence = (...queues: readonly ((mc: MulticallBuffer) => void)[]) => {
  return (mc: MulticallBuffer): void => {
    for (const queue of queues) queue(mc);
  };
};

// linux-facts §3.3. `batches` are flushes, `entries` slots of them, `early` flushes before the batch was issued.
const limits = [
  ["31 updates: 496 bytes in one entry", "S/D L36x", repeat(31, update), 1, 1, {}],
  [
    "32 updates: 512 bytes leave no room over, so the last goes alone",
    "S/D L36x",
    repeat(32, update),
    2,
    2,
    { args: 1 },
  ],
  ["21 mmuext operations: 504 bytes in one entry", "D L36x", repeat(21, flush), 1, 1, {}],
  ["a 22nd mmuext operation", "D L36x", repeat(22, flush), 2, 2, { args: 1 }],
  ["32 update_va_mappings, which take no argument space", "S/D L36x", repeat(32, va), 1, 32, {}],
  ["a 33rd update_va_mapping", "S L36x", repeat(33, va), 2, 33, { slots: 1 }],
  ["an update and 31 update_va_mappings", "S L36x", sequence(update, repeat(31, va)), 1, 32, {}],
  ["one entry more when all slots are in use", "S L36x", sequence(repeat(31, va), update, flush), 2, 33, { slots: 1 }],
  ["an extension when all slots are in use", "S L36x", sequence(repeat(31, va), update, update), 1, 32, {}],
  ["updates between others, which do not join", "S L36x", sequence(update, va, update, va, update), 1, 5, {}],
  ["updates after updates, which do", "S L36x", sequence(update, update, va, update, update), 1, 3, {}],
  [
    "20 mmuext operations, one update, one more update",
    "D L36x",
    sequence(repeat(20, flush), update, update),
    2,
    3,
    { args: 1 },
  ],
] as const;

describe("the multicall buffer [L36x arch/x86/xen/multicalls.c; linux-facts §3.3]", () => {
  it.each(limits)("puts %s [%s]", (_name, _source, fill, batches, entries, early) => {
    const { events, perf, pair } = batchOf(fill);
    const { statistics } = pair.guest.kernel.mc;
    expect(events).toMatchObject({ batches, batchEntries: entries });
    expect(perf.hypercalls).toBe(batches);
    expect(statistics).toMatchObject({ batches, hypercalls: entries });
    const reasons: { readonly args?: number; readonly slots?: number } = early;
    expect(statistics.flushReasons[FL_ARGS]).toBe(reasons.args ?? 0);
    expect(statistics.flushReasons[FL_SLOTS]).toBe(reasons.slots ?? 0);
    expect(statistics.flushReasons[FL_CALLBACKS]).toBe(0);
  });

  it("sends every request once and in order, however it is batched", () => {
    const { perf } = batchOf(sequence(repeat(40, update), repeat(25, flush), repeat(70, va), repeat(3, update)));
    // An update that fails ends its entry, so of these none is done; the other requests are.
    expect(perf).toMatchObject({ num_mmuext_ops: 25, calls_to_mmu_update: 3, calls_to_update_va: 70 });
  });

  it.each([
    { directSingleEntry: true, kernel: "from 3.1 on", multicallEntries: 0 },
    { directSingleEntry: false, kernel: "before", multicallEntries: 1 },
  ])("issues one entry alone as a hypercall of its own: $directSingleEntry, $kernel [S L39/L36x]", (row) => {
    const { perf } = batchOf(flush, { directSingleEntry: row.directSingleEntry });
    expect(perf).toMatchObject({ hypercalls: 1, multicallEntries: row.multicallEntries, calls_to_mmuext_op: 1 });
  });

  it("issues nothing when nothing is queued", () => {
    expect(batchOf(() => {}).perf.hypercalls).toBe(0);
  });

  it("queues only with upcalls masked", () => {
    const { mc } = boot("xen-4.1", 8).guest.kernel;
    expect(() => flush(mc)).toThrow("upcalls masked");
    xenMcFlush(mc);
  });
});

describe("lazy modes [L39 asm/paravirt_types.h]", () => {
  it.each([
    { entered: "mmu", issued: "mmu", heldBack: true },
    { entered: "cpu", issued: "cpu", heldBack: true },
    { entered: "mmu", issued: "cpu", heldBack: false },
    { entered: "cpu", issued: "mmu", heldBack: false },
    { entered: "mmu", issued: "none", heldBack: false },
    { entered: "cpu", issued: "none", heldBack: false },
  ] as const)("in $entered, a batch issued for $issued is held back: $heldBack", ({ entered, issued, heldBack }) => {
    const pair = boot("xen-4.1", 8);
    const { mc } = pair.guest.kernel;
    const batch = (): void => {
      xenMcBatch(mc);
      flush(mc);
      xenMcIssue(mc, issued);
    };
    const inside = measure(pair, () => {
      enterLazy(mc, entered);
      batch();
      batch();
    });
    expect(inside.perf.hypercalls).toBe(heldBack ? 0 : 2);
    const leaving = measure(pair, () => leaveLazy(mc, entered));
    expect(leaving.perf).toMatchObject(heldBack ? { hypercalls: 1, num_mmuext_ops: 2 } : { hypercalls: 0 });
  });

  it("do not nest, and the one that is left is the one that was entered", () => {
    const { mc } = boot("xen-4.1", 8).guest.kernel;
    enterLazy(mc, "mmu");
    expect(() => enterLazy(mc, "cpu")).toThrow("do not nest");
    expect(() => leaveLazy(mc, "cpu")).toThrow("was entered");
  });

  it("can be flushed without being left", () => {
    const pair = boot("xen-4.1", 8);
    const { mc } = pair.guest.kernel;
    enterLazy(mc, "mmu");
    xenMcBatch(mc);
    flush(mc);
    xenMcIssue(mc, "mmu");
    expect(measure(pair, () => flushLazyMmuMode(mc)).perf.hypercalls).toBe(1);
    expect(mc.lazyMode).toBe("mmu");
  });
});

describe("errors", () => {
  it("are reported in the kernel's words, and the caller hears nothing of them [S L36x]", () => {
    const { pair } = batchOf(sequence(flush, va, update));
    expect(pair.guest.log).toEqual([
      "2 multicall(s) failed: cpu 0",
      "  call  2/3: op=14 result=-22",
      "  call  3/3: op=1 result=-22",
    ]);
    expect(pair.guest.events().multicallFailures).toBe(2);
    expectClean(pair.host);
  });

  it("of one entry alone are reported too, whichever way it goes", () => {
    for (const directSingleEntry of [true, false]) {
      const { pair } = batchOf(va, { directSingleEntry });
      expect(pair.guest.log).toEqual(["1 multicall(s) failed: cpu 0", "  call  1/1: op=14 result=-22"]);
      expect(pair.guest.events().multicallFailures).toBe(1);
    }
  });
});

describe("callbacks [L36x xen_mc_callback; linux-facts §1.4]", () => {
  it("run in order after the hypercall, once", () => {
    const ran: string[] = [];
    const { pair } = batchOf((mc) => {
      flush(mc);
      xenMcCallback(mc, () => ran.push(`first, ${mc.mcidx} queued`));
      xenMcCallback(mc, () => ran.push("second"));
      expect(ran).toEqual([]);
    });
    expect(ran).toEqual(["first, 0 queued", "second"]);
    xenMcFlush(pair.guest.kernel.mc);
    expect(ran).toHaveLength(2);
  });

  it("run when nothing is queued", () => {
    let ran = 0;
    const { perf } = batchOf((mc) => xenMcCallback(mc, () => ran++));
    expect([ran, perf.hypercalls]).toEqual([1, 0]);
  });

  it("are 32 at most: a 33rd flushes what is queued first", () => {
    let ran = 0;
    const { perf, pair } = batchOf((mc) => {
      flush(mc);
      for (let n = 0; n < 32; n++) xenMcCallback(mc, () => ran++);
      expect(ran).toBe(0);
      xenMcCallback(mc, () => ran++);
      expect(ran).toBe(32);
    });
    expect(ran).toBe(33);
    expect(perf.hypercalls).toBe(1);
    expect([...pair.guest.kernel.mc.statistics.flushReasons]).toEqual([0, 0, 1]);
    expect(pair.guest.kernel.mc.statistics.mostCallbacks).toBe(32);
  });

  it("give the locks of 40 PTE pages back while a tree is pinned and unpinned, 16 to a batch of 32 entries", () => {
    const pair = boot("xen-4.1", 16);
    const { guest, host } = pair;
    const process = ok<Process>(guest.spawn());
    const address = ok(mmapShared(guest, process, 40 * 2 ** 21));
    for (let n = 0; n < 40; n++) expect(guest.touch(process, address + n * 2 ** 21)).toBeUndefined();
    const { kernel } = guest;
    const { mm } = process;
    if (mm === undefined) throw new Error("the process runs");
    xenWriteCr3(kernel, undefined);
    for (const operation of [xenPgdUnpin, xenPgdPin]) {
      kernel.mc.statistics.mostCallbacks = 0;
      operation(kernel, mm);
      expect(kernel.mc.statistics.mostCallbacks).toBe(16);
      expect(kernel.memMap.flags.filter((flags) => (flags & PG_ptlocked) !== 0)).toHaveLength(0);
      expectClean(host);
    }
    xenWriteCr3(kernel, mm);
    expect(guest.touch(process, address)).toBeUndefined();
    guest.exit(process);
    expectClean(host);
  });
});

describe("statistics [L39 debugfs xen/multicalls; linux-facts §6.1]", () => {
  it("count batches by size, entries by hypercall, and bytes of arguments", () => {
    const { pair } = batchOf(sequence(repeat(33, va), update, update, flush));
    const { statistics } = pair.guest.kernel.mc;
    expect(statistics).toMatchObject({ batches: 2, hypercalls: 35, argTotal: 16 + 16 + 24 });
    expect([...statistics.batchHisto.entries()].filter(([, count]) => count > 0)).toEqual([
      [3, 1],
      [32, 1],
    ]);
    expect([...statistics.hypercallHisto.entries()].filter(([, count]) => count > 0)).toEqual([
      [__HYPERVISOR_mmu_update, 1],
      [__HYPERVISOR_update_va_mapping, 33],
      [__HYPERVISOR_mmuext_op, 1],
    ]);
  });
});
