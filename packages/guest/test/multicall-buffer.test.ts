import { MMUEXT_TLB_FLUSH_LOCAL } from "@xsp/hypervisor";
import { describe, expect, it } from "vitest";
import {
  type MulticallBuffer,
  enterLazy,
  leaveLazy,
  multiUpdateVaMapping,
  xenExtendMmuUpdate,
  xenExtendMmuextOp,
  xenMcBatch,
  xenMcFlush,
  xenMcIssue,
} from "../src/multicall-buffer.ts";
import { type Measured, boot, expectClean, measure } from "./small-guest.ts";

const flush = (mc: MulticallBuffer): void => xenExtendMmuextOp(mc, MMUEXT_TLB_FLUSH_LOCAL, 0, 0);

function batchOf(fill: (mc: MulticallBuffer) => void): Measured {
  const pair = boot("xen-4.1", 8);
  const { mc } = pair.guest.kernel;
  return measure(pair, () => {
    xenMcBatch(mc);
    fill(mc);
    xenMcIssue(mc, "none");
  });
}

// Requests that change nothing: the entry that points back to what it holds already is not needed, since a request
// that fails is queued and flushed like any other.
const wrongUpdate = (mc: MulticallBuffer): void => xenExtendMmuUpdate(mc, 0, 0, 0, 0);
const wrongVa = (mc: MulticallBuffer): void => multiUpdateVaMapping(mc, 0, 0, 0, 0, 0);

describe("the multicall buffer [L36x arch/x86/xen/multicalls.c]", () => {
  it.each([
    ["31 updates in one entry", wrongUpdate, 31, { batches: 1, batchEntries: 1 }],
    ["a 32nd update in a new buffer", wrongUpdate, 32, { batches: 2, batchEntries: 2 }],
    ["21 mmuext operations in one entry", flush, 21, { batches: 1, batchEntries: 1 }],
    ["a 22nd mmuext operation in a new buffer", flush, 22, { batches: 2, batchEntries: 2 }],
    ["32 update_va_mappings in one buffer", wrongVa, 32, { batches: 1, batchEntries: 32 }],
    ["a 33rd update_va_mapping in a new buffer", wrongVa, 33, { batches: 2, batchEntries: 33 }],
  ])("puts %s", (_name, queue, times, expected) => {
    const { events, perf } = batchOf((mc) => {
      for (let time = 0; time < times; time++) queue(mc);
    });
    expect(events).toMatchObject(expected);
    expect(perf.hypercalls).toBe(expected.batches);
  });

  it("extends only the entry before", () => {
    const { events, perf } = batchOf((mc) => {
      flush(mc);
      wrongVa(mc);
      flush(mc);
      flush(mc);
    });
    expect(events.batchEntries).toBe(3);
    expect(perf).toMatchObject({ hypercalls: 1, multicallEntries: 3, num_mmuext_ops: 3 });
  });

  it("issues a batch of one entry as a direct hypercall", () => {
    const { perf } = batchOf(flush);
    expect(perf).toMatchObject({ hypercalls: 1, multicallEntries: 0, calls_to_mmuext_op: 1 });
  });

  it("issues nothing when nothing is queued", () => {
    expect(batchOf(() => {}).perf.hypercalls).toBe(0);
  });

  it("holds back in the lazy mode that the batch allows, and only in that", () => {
    const pair = boot("xen-4.1", 8);
    const { mc } = pair.guest.kernel;
    const batch = (): void => {
      xenMcBatch(mc);
      flush(mc);
      xenMcIssue(mc, "mmu");
    };
    const lazy = measure(pair, () => {
      enterLazy(mc, "mmu");
      batch();
      batch();
      leaveLazy(mc, "mmu");
    });
    expect(lazy.perf).toMatchObject({ hypercalls: 1, num_mmuext_ops: 2 });
    const other = measure(pair, () => {
      enterLazy(mc, "cpu");
      batch();
      batch();
      leaveLazy(mc, "cpu");
    });
    expect(other.perf.hypercalls).toBe(2);
  });

  it("reports calls that fail in the kernel's words and tells the caller nothing", () => {
    const pair = boot("xen-4.1", 8);
    const { mc } = pair.guest.kernel;
    xenMcBatch(mc);
    flush(mc);
    wrongVa(mc);
    wrongUpdate(mc);
    xenMcIssue(mc, "none");
    expect(pair.guest.log).toEqual([
      "2 multicall(s) failed: cpu 0",
      "  call  2/3: op=14 result=-22",
      "  call  3/3: op=1 result=-22",
    ]);
    expect(pair.guest.events().multicallFailures).toBe(2);
    expectClean(pair.host);
  });

  it("queues only with upcalls masked", () => {
    const { mc } = boot("xen-4.1", 8).guest.kernel;
    expect(() => flush(mc)).toThrow("upcalls masked");
    xenMcFlush(mc);
  });
});
