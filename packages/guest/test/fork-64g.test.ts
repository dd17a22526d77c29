import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Measured } from "./small-guest.ts";

// The full size, nothing scaled down: 64 GiB in 32,768 hugepages, 16,777,216 frames.
const HUGEPAGES = 32_768;
const FRAMES = HUGEPAGES * 512;

type Phase = Measured & { readonly result?: number };

interface Run {
  readonly pool: Phase;
  readonly marked: number;
  readonly touch: Phase;
  readonly fork: Phase;
  readonly exec: Phase;
  readonly log: string[];
  readonly destroyed: number;
  readonly framesLeft: number;
  readonly differences: Readonly<Record<string, number>>;
  readonly peakRssMiB: number;
}

const program = fileURLToPath(new URL("fork-64g-run.mjs", import.meta.url));

describe.each(["per-frame", "rfc", "xen-4.1", "sealed"] as const)("64 GiB of hugepages under %s", (scheme) => {
  const perFrame = scheme === "per-frame";

  it("fork is 32,768 plain stores and 4 hypercalls; exec gives everything back in 6", () => {
    const run = JSON.parse(execFileSync(process.execPath, [program, scheme], { encoding: "utf8" })) as Run;
    const { pool, touch, fork, exec } = run;

    expect(pool.result).toBe(HUGEPAGES);
    expect(run.marked).toBe(perFrame ? 0 : HUGEPAGES);
    expect(pool.perf.hypercalls).toBe(perFrame ? 0 : HUGEPAGES);

    // A new process: pin and switch. Then each hugepage one, the PUD page two, each of 64 PMD pages two.
    expect(touch.perf.hypercalls).toBe(2 + HUGEPAGES + 2 + 64 * 2);

    expect(fork.events).toMatchObject({
      plainPteStores: HUGEPAGES + 64 + 2,
      plainPmds: HUGEPAGES,
      plainPuds: 64,
      plainPgds: 2,
      queuedPteWrites: 0,
      // 66 tables read-only, PIN, user root read-only, PIN: 69 entries in 32 + 32 + 5; and the parent's flush alone.
      batches: 3 + 1,
      batchEntries: 69 + 1,
      pagesMadeReadOnly: 67,
      multicallFailures: 0,
    });
    expect(fork.perf).toMatchObject({
      hypercalls: 4,
      multicallEntries: 69,
      calls_to_update_va: 67,
      num_mmuext_ops: 3,
      calls_to_mmu_update: 0,
      validations: 67,
      frameGets: perFrame ? FRAMES : 0,
      typeGets: perFrame ? FRAMES : 0,
      framePuts: 0,
      typePuts: 0,
      superpageGets: perFrame ? 0 : HUGEPAGES,
      superpagePuts: 0,
    });

    expect(exec.events).toMatchObject({
      plainPteStores: HUGEPAGES + 64 + 2,
      plainPmds: HUGEPAGES,
      queuedPteWrites: 0,
      // To the child and to its new mm; the new mm's pin; UNPIN of both roots in one entry and 67 tables writable.
      batches: 2 + 1 + 3,
      batchEntries: 2 + 4 + 68,
      pagesMadeReadOnly: 2,
      pagesMadeReadWrite: 67,
      contextSwitches: 2,
      multicallFailures: 0,
    });
    expect(exec.perf).toMatchObject({
      hypercalls: 6,
      calls_to_mmu_update: 0,
      invalidations: 67,
      frameGets: 0,
      typeGets: 0,
      framePuts: perFrame ? FRAMES : 0,
      typePuts: perFrame ? FRAMES : 0,
      superpageGets: 0,
      superpagePuts: perFrame ? 0 : HUGEPAGES,
    });
    expect(exec.result).toBe(0);

    expect(run.log).toEqual([]);
    expect(run.destroyed).toBe(0);
    expect(run.framesLeft).toBe(0);
    expect(run.differences).toEqual({ afterFork: 0, afterExec: 0, atTheEnd: 0 });
    expect(run.peakRssMiB).toBeLessThan(1024);
  });
});

/** 2 MiB beyond a multiple of 1 GiB, and the 64 GiB cross a multiple of 512 GiB. */
const UNALIGNED = 86 * 2 ** 39 - 32 * 2 ** 30 + 2 ** 21;

describe("64 GiB of private hugepages", () => {
  it("cost a hypercall more each, for the parent's entry; unaligned they need 65 PMD and 2 PUD pages [D §3.2, §3.4]", () => {
    const args = [program, "sealed", "private", "xen", String(UNALIGNED)];
    const run = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as Run;
    const { touch, fork, exec } = run;
    const tables = 65 + 2 + 1;

    // A first write sets the entry read-only and finds no other mapper: two updates, and a flush for the change.
    expect(touch.events).toMatchObject({ hugepageFaults: HUGEPAGES, pagesMadeReadOnly: tables - 1 + 2 });
    expect(touch.perf.calls_to_mmu_update).toBe(2 * HUGEPAGES + 65 + 2);

    expect(fork.events).toMatchObject({
      plainPteStores: HUGEPAGES + 65 + 4,
      plainPmds: HUGEPAGES,
      plainPuds: 65,
      plainPgds: 4,
      queuedPteWrites: HUGEPAGES,
      // One for each entry of the parent; the pin of 71 entries; the flush.
      batches: HUGEPAGES + 3 + 1,
      batchEntries: HUGEPAGES + tables + 3 + 1,
      pagesMadeReadOnly: tables + 1,
      multicallFailures: 0,
    });
    expect(fork.perf).toMatchObject({
      hypercalls: HUGEPAGES + 4,
      calls_to_mmu_update: HUGEPAGES,
      validations: tables + 1,
      // Since XSA-148 an update from writable to read-only takes a reference and drops one; the pin takes one.
      superpageGets: 2 * HUGEPAGES,
      superpagePuts: HUGEPAGES,
      frameGets: 0,
    });
    expect(exec.events).toMatchObject({ plainPmds: HUGEPAGES, queuedPteWrites: 0, pagesMadeReadWrite: tables + 1 });
    expect(exec.perf).toMatchObject({ calls_to_mmu_update: 0, superpagePuts: HUGEPAGES, invalidations: tables + 1 });
    expect(run.log).toEqual([]);
    expect(run.differences).toEqual({ afterFork: 0, afterExec: 0, atTheEnd: 0 });
    expect(run.framesLeft).toBe(0);
  });
});

describe("64 GiB of shared hugepages of a native kernel", () => {
  it("are forked by 64 stores into a PUD page and none into a PMD page [S L39 huge_pmd_share, D §3.1]", () => {
    const args = [program, "sealed", "shared", "native"];
    const { touch, fork, exec } = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as Run;
    expect(touch.events).toMatchObject({ plainPmds: HUGEPAGES, plainPuds: 64, hugepageFaults: HUGEPAGES });
    expect(fork.events).toMatchObject({ plainPteStores: 64 + 2, plainPmds: 0, plainPuds: 64, pgdPins: 0 });
    expect(exec.events).toMatchObject({ plainPteStores: 64 + 2, plainPmds: 0, plainPuds: 64, pgdUnpins: 0 });
    for (const { perf } of [touch, fork, exec]) expect(perf).toMatchObject({ hypercalls: 0, validations: 0 });
  });
});
