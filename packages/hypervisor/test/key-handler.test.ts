import { describe, expect, it } from "vitest";
import { MMUEXT_PIN_L1_TABLE, allocateFramesAt, createDomain, destroyDomain, keyHandler } from "../src/index.ts";
import { RW, ext, oneGuest, pin, smallHost, update, vcpuOf } from "./small-host.ts";

/** A host of 32 frames, with a domain of 5 that maps one of them. */
function host() {
  const small = smallHost();
  const domain = createDomain(small, { vcpus: 2, maxFrames: 9, domid: 1 });
  expect(allocateFramesAt(domain, 8, 5)).toBe(true);
  const vcpu = vcpuOf(domain);
  expect(pin(vcpu, 1, 12)).toBe(0);
  expect(update(vcpu, 12, 0, 8, RW)).toBe(0);
  return { small, domain, vcpu };
}

describe("key q", () => {
  it("lists domains, with each page's words as a 64-bit Xen has them, where there are fewer than 10", () => {
    expect(keyHandler(host().small, "q")).toEqual([
      "'q' pressed -> dumping domain info",
      "General information for domain 1:",
      "    dying=0",
      "    nr_pages=5 dirty_cpus={} max_pages=9",
      "Memory pages belonging to domain 1:",
      "    DomPage 0000000000000008: caf=8000000000000002, taf=7400000000000001",
      "    DomPage 0000000000000009: caf=8000000000000001, taf=0000000000000000",
      "    DomPage 000000000000000a: caf=8000000000000001, taf=0000000000000000",
      "    DomPage 000000000000000b: caf=8000000000000001, taf=0000000000000000",
      "    DomPage 000000000000000c: caf=8000000000000002, taf=1c00000000000001",
      "VCPU information and callbacks for domain 1:",
      "    VCPU0: CPU0",
      "    VCPU1: CPU1",
    ]);
  });

  it("does not list 10 pages or more, and no domain that is dead", () => {
    const { host: large } = oneGuest();
    expect(keyHandler(large, "q")).toContain("    DomPage list too long to display");
    const { small, domain } = host();
    destroyDomain(domain);
    expect(keyHandler(small, "q")).toEqual(["'q' pressed -> dumping domain info"]);
  });
});

describe("keys m and H", () => {
  it("tell free memory by zones, which are widths of frame numbers", () => {
    const { small } = host();
    expect(keyHandler(small, "m")).toEqual([
      "Physical memory information:",
      "    Xen heap: 0kB free",
      "    heap[03]: 16kB free",
      "    heap[04]: 12kB free",
      "    heap[05]: 64kB free",
      "    Dom heap: 92kB free",
    ]);
    const lines = keyHandler(small, "H");
    expect(lines.slice(0, 6)).toEqual([
      "'H' pressed -> dumping heap info",
      "heap[node=0][zone=0] -> 0 pages",
      "heap[node=0][zone=1] -> 0 pages",
      "heap[node=0][zone=2] -> 0 pages",
      "heap[node=0][zone=3] -> 4 pages",
      "heap[node=0][zone=4] -> 3 pages",
    ]);
    expect(lines).toHaveLength(42);
  });
});

describe("keys p and P", () => {
  it("print Xen's counters with its descriptions, and begin anew; the host's own counters go on", () => {
    const { small, vcpu } = host();
    expect(keyHandler(small, "p")).toEqual([
      "Xen performance counters SHOW",
      "calls to mmuext_op                TOTAL[           1]",
      "mmuext ops                        TOTAL[           1]",
      "calls to mmu_update               TOTAL[           1]",
      "page updates                      TOTAL[           1]",
      "mmu_updates of writable pages     TOTAL[           0]",
      "calls to update_va_map            TOTAL[           0]",
      "writable pt emulations            TOTAL[           0]",
      "hypercalls                        TOTAL[           2]",
      "calls from multicall              TOTAL[           0]",
      "PG_need_flush tlb flushes         TOTAL[           0]",
    ]);
    expect(keyHandler(small, "P")).toEqual(["Xen performance counters RESET"]);
    ext(vcpu, MMUEXT_PIN_L1_TABLE, 9);
    expect(keyHandler(small, "p").slice(1, 4)).toEqual([
      "calls to mmuext_op                TOTAL[           1]",
      "mmuext ops                        TOTAL[           1]",
      "calls to mmu_update               TOTAL[           0]",
    ]);
    expect(small.perf.calls_to_mmuext_op).toBe(2);
  });
});

describe("other keys", () => {
  it("h tells which keys there are, in the order of their codes", () => {
    expect(keyHandler(smallHost(), "h")).toEqual([
      "'h' pressed -> showing installed handlers",
      " key '*' (ascii '2a') => print all diagnostics",
      " key 'H' (ascii '48') => dump heap info",
      " key 'P' (ascii '50') => reset performance counters",
      " key 'h' (ascii '68') => show this message",
      " key 'm' (ascii '6d') => memory info",
      " key 'p' (ascii '70') => print performance counters",
      " key 'q' (ascii '71') => dump domain (and guest debug) info",
    ]);
  });

  it("* fires all diagnostics", () => {
    const lines = keyHandler(smallHost(), "*");
    expect(lines[0]).toBe("'*' pressed -> firing all diagnostic keyhandlers");
    expect(lines.filter((line) => line.startsWith("["))).toEqual([
      "[H: dump heap info]",
      "[m: memory info]",
      "[p: print performance counters]",
      "[q: dump domain (and guest debug) info]",
    ]);
  });

  it.each(["x", "", "qq", "toString"])("%j has no handler and prints nothing, as in Xen", (key) => {
    expect(keyHandler(smallHost(), key)).toEqual([]);
  });
});
