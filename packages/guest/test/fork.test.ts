import { describe, expect, it } from "vitest";
import { allocPages } from "../src/index.ts";
import { type Measured, allSchemes, boot, expectClean, measure, ok, sharer, mmapHugetlb } from "./small-guest.ts";

const PAGES = 6;

/** What one PSE entry costs Xen, by scheme, for so many hugepages. */
function superpageWork(scheme: string, hugepages: number): Record<string, number> {
  return scheme === "per-frame"
    ? { frameGets: 512 * hugepages, typeGets: 512 * hugepages, superpageGets: 0 }
    : { frameGets: 0, typeGets: 0, superpageGets: hugepages };
}

describe.each(allSchemes)("fork under %s", (scheme) => {
  it("copies with plain stores, then pins: 1 multicall for a small region, and 1 flush of the parent", () => {
    const pair = boot(scheme, 32);
    const { process } = sharer(pair.guest, PAGES);
    const { perf, events } = measure(pair, () => ok(pair.guest.fork(process)));
    expect(events).toMatchObject({
      plainPteStores: PAGES + 1 + 2,
      plainPmds: PAGES,
      plainPuds: 1,
      plainPgds: 2,
      plainPtes: 0,
      queuedPteWrites: 0,
      batches: 2,
      // RO of PUD, PMD, kernel root; PIN; RO of user root; PIN; and the flush alone.
      batchEntries: 6 + 1,
      pagesMadeReadOnly: 4,
      pgdPins: 1,
      multicallFailures: 0,
    });
    expect(perf).toMatchObject({
      hypercalls: 2,
      multicallEntries: 6,
      calls_to_update_va: 4,
      calls_to_mmu_update: 0,
      num_mmuext_ops: 3,
      validations: 4,
      ...superpageWork(scheme, PAGES),
    });
    expectClean(pair.host);
  });

  it("leaves parent and child with the same mappings, and no process of it in the other's way", () => {
    const { guest, host } = boot(scheme, 32);
    const { process, address } = sharer(guest, PAGES);
    const child = ok(guest.fork(process));
    const [first, second] = guest.processes();
    expect(second).toMatchObject({ ppid: process.pid, pinned: true, hugepagesMapped: PAGES, current: false });
    expect(second?.vmas).toEqual(first?.vmas);
    const faults = guest.events().hugepageFaults;
    expect(guest.touchAll(child, address)).toBeUndefined();
    expect(guest.events().hugepageFaults).toBe(faults);
    expectClean(host);
    guest.exit(process);
    expect(guest.touchAll(child, address)).toBeUndefined();
    expect(guest.pool()).toMatchObject({ free: 0 });
    guest.exit(child);
    expect(guest.pool()).toMatchObject({ free: PAGES });
    expectClean(host);
  });

  it("copies only what was touched", () => {
    const pair = boot(scheme, 32);
    const { guest } = pair;
    guest.setNrHugepages(PAGES);
    const process = ok(guest.spawn());
    const address = ok(mmapHugetlb(guest, process, PAGES * 2 ** 21));
    guest.touch(process, address + 2 ** 21);
    const { events } = measure(pair, () => ok(guest.fork(process)));
    expect(events.plainPmds).toBe(1);
    expectClean(pair.host);
  });

  it("undoes everything when memory is short, and says ENOMEM", () => {
    const pair = boot(scheme, 16);
    const { guest, host } = pair;
    const { process } = sharer(guest, 3);
    const held: number[] = [];
    while (guest.freePages() > 3) held.push(allocPages(guest.kernel, "GFP_KERNEL", 0));
    // Two roots and the PUD page are there, the PMD page is not.
    const { perf } = measure(pair, () => expect(guest.fork(process)).toBe(-12));
    expect(guest.freePages()).toBe(3);
    expect(perf).toMatchObject({ hypercalls: 1, validations: 0 });
    expect(guest.processes()).toHaveLength(1);
    expect(guest.pool()).toMatchObject({ total: 3, free: 0 });
    expectClean(host);
  });
});

describe.each(allSchemes)("exec and exit under %s", (scheme) => {
  const drops =
    scheme === "per-frame"
      ? { framePuts: 512 * PAGES, typePuts: 512 * PAGES, superpagePuts: 0 }
      : { framePuts: 0, typePuts: 0, superpagePuts: PAGES };

  it("pin and load the new mm, then unpin the old one and clear it with plain stores", () => {
    const pair = boot(scheme, 32);
    const { guest, host } = pair;
    const { process } = sharer(guest, PAGES);
    const child = ok(guest.fork(process));
    guest.switchTo(child);
    const old = child.mm;
    const { perf, events } = measure(pair, () => expect(guest.exec(child, "program")).toBe(0));
    expect(events).toMatchObject({
      // 1 pin of the new mm, 1 switch, 1 unpin
      batches: 3,
      batchEntries: 4 + 1 + 5,
      plainPmds: PAGES,
      plainPuds: 1,
      plainPgds: 2,
      queuedPteWrites: 0,
      pagesMadeReadOnly: 2,
      pagesMadeReadWrite: 4,
      pgdPins: 1,
      pgdUnpins: 1,
      contextSwitches: 1,
    });
    expect(perf).toMatchObject({ hypercalls: 3, calls_to_mmu_update: 0, num_mmuext_ops: 2 + 2 + 2, ...drops });
    expect(child.mm).not.toBe(old);
    expect(guest.processes()[1]).toMatchObject({ comm: "program", hugepagesMapped: 0, vmas: [], current: true });
    expectClean(host);
  });

  it("leave the roots first when the one that exits runs", () => {
    const pair = boot(scheme, 32);
    const { guest, host } = pair;
    const { process } = sharer(guest, PAGES);
    const child = ok(guest.fork(process));
    const whole = measure(pair, () => guest.exit(process));
    expect(whole.perf).toMatchObject({ hypercalls: 2, num_mmuext_ops: 2 + 2, ...drops });
    expect(whole.events).toMatchObject({ plainPmds: PAGES, plainPuds: 1, plainPgds: 2, pgdUnpins: 1 });
    expectClean(host);
    guest.exit(child);
    expectClean(host);
  });

  it("give every page back", () => {
    const { guest, host } = boot(scheme, 32);
    const free = guest.freePages();
    const { process } = sharer(guest, PAGES);
    const child = ok(guest.fork(process));
    guest.exec(child);
    guest.exit(child);
    guest.exit(process);
    guest.setNrHugepages(0);
    expect(guest.freePages()).toBe(free);
    expect(guest.processes()).toEqual([]);
    expectClean(host);
  });
});

describe("a first touch in a live mm", () => {
  it.each(allSchemes)("is one mmu_update, and two hypercalls more for a new PMD page, under %s", (scheme) => {
    const pair = boot(scheme, 32);
    const { guest } = pair;
    guest.setNrHugepages(2);
    const process = ok(guest.spawn());
    const address = ok(mmapHugetlb(guest, process, 2 ** 22));
    const touch = (at: number): Measured => measure(pair, () => expect(guest.touch(process, at)).toBeUndefined());
    // PUD page: RO and set_pgd (both roots in one call); PMD page: RO and set_pud; then the entry itself.
    expect(touch(address).perf).toMatchObject({
      hypercalls: 5,
      calls_to_update_va: 2,
      num_page_updates: 2 + 2 + 1 + 1,
    });
    expect(touch(address + 2 ** 21).perf).toMatchObject({ hypercalls: 1, num_page_updates: 1 });
    expect(touch(address).perf).toMatchObject({ hypercalls: 0 });
    expectClean(pair.host);
  });
});

describe("a live munmap", () => {
  it.each(allSchemes)("clears every entry with a hypercall of its own under %s", (scheme) => {
    const pair = boot(scheme, 32);
    const { guest } = pair;
    const { process, address } = sharer(guest, PAGES);
    const { perf, events } = measure(pair, () => expect(guest.munmap(process, address)).toBe(0));
    // The entries, a flush, then for PMD and PUD page each: the entry above cleared, the page writable again.
    expect(perf.hypercalls).toBe(PAGES + 1 + 2 + 2);
    expect(events).toMatchObject({ queuedPteWrites: PAGES + 1 + 2, pagesMadeReadWrite: 2, plainPteStores: 0 });
    expect(guest.touch(process, address)).toBe("SIGSEGV");
    expect(guest.pool()).toMatchObject({ free: PAGES });
    expectClean(pair.host);
  });
});
