import { describe, expect, it } from "vitest";
import { MAP_ANONYMOUS, MAP_PRIVATE, type Mm, type Process } from "../src/index.ts";
import { copyPageRange } from "../src/copy-page-range.ts";
import { exitMmap } from "../src/exit.ts";
import { PG_pinned } from "../src/mem-map.ts";
import { vmaLink } from "../src/mm.ts";
import { pgdAlloc } from "../src/page-table-pages.ts";
import { xenPgdPin } from "../src/pgd-pin.ts";
import { type Pair, allSchemes, boot, expectClean, measure, ok } from "./small-guest.ts";

const PAGES = 20;

/** A fork that was preempted before its end: the child's tables are filled and not pinned. */
function halfForked(pair: Pair): { process: Process; child: Mm } {
  const { guest } = pair;
  const process = ok(guest.spawn());
  const address = ok(guest.mmap(process, { length: PAGES * 4096, flags: MAP_PRIVATE | MAP_ANONYMOUS }));
  expect(guest.touchAll(process, address)).toBeUndefined();
  const child = pgdAlloc(guest.kernel);
  const [vma] = process.mm?.vmas ?? [];
  if (child === undefined || vma === undefined) throw new Error("memory is short");
  const copy = { ...vma, mm: child };
  vmaLink(child, copy);
  expect(copyPageRange(guest.kernel, copy, vma)).toBe(0);
  return { process, child };
}

describe.each(allSchemes)("a suspend under %s", (scheme) => {
  it("finds every mm pinned between two system calls [D from linux-facts §1.4]", () => {
    const pair = boot(scheme, 16);
    const { guest, host } = pair;
    const process = ok(guest.spawn());
    const child = ok(guest.fork(process));
    const sharing = guest.vfork(child);
    const { perf } = measure(pair, () => {
      expect(guest.suspend()).toBe(0);
      expect(guest.resume()).toBe(0);
    });
    expect(perf.hypercalls).toBe(0);
    expect(guest.exec(sharing, "program")).toBe(0);
    expectClean(host);
  });

  it("pins the child of a fork that is not done, and a resume undoes it [S L39 xen_mm_pin_all]", () => {
    const pair = boot(scheme, 16);
    const { guest, host } = pair;
    const { kernel } = guest;
    const { child } = halfForked(pair);
    const pinned = (): boolean => kernel.memMap.hasFlag(child.pgd, PG_pinned);
    const suspend = measure(pair, () => expect(guest.suspend()).toBe(1));
    expect(pinned()).toBe(true);
    // PTE, PMD, PUD and two roots.
    expect(suspend.events).toMatchObject({ pgdPins: 1, pagesMadeReadOnly: 5 });
    expect(suspend.perf).toMatchObject({ validations: 5 });
    expectClean(host);
    const resume = measure(pair, () => expect(guest.resume()).toBe(1));
    expect(pinned()).toBe(false);
    expect(resume.events).toMatchObject({ pgdUnpins: 1, pagesMadeReadWrite: 5 });
    expect(resume.perf).toMatchObject({ invalidations: 5 });
    expectClean(host);
    xenPgdPin(kernel, child);
    expectClean(host);
    exitMmap(kernel, child);
    expectClean(host);
  });
});

describe("a guest that is suspended", () => {
  it("runs nothing until it is resumed, once", () => {
    const { guest } = boot("sealed", 16);
    const process = ok(guest.spawn());
    expect(() => guest.resume()).toThrow("not suspended");
    guest.suspend();
    expect(() => guest.suspend()).toThrow("suspended already");
    for (const call of [() => guest.fork(process), () => guest.spawn(), () => guest.touch(process, 0)]) {
      expect(call).toThrow("resume it first");
    }
    guest.resume();
    expect(guest.touch(process, 0)).toBe("SIGSEGV");
  });

  it("has nothing to pin if its kernel is native", () => {
    const { guest } = boot("sealed", 16, { pvOps: "native" });
    ok(guest.spawn());
    expect(guest.suspend()).toBe(0);
  });
});
