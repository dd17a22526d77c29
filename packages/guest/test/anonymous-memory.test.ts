import { readCount } from "@xsp/hypervisor";
import { describe, expect, it } from "vitest";
import { MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE, type Process } from "../src/index.ts";
import { type Pair, allSchemes, boot, expectClean, measure, ok, writableCount } from "./small-guest.ts";

const PAGE = 4096;

function mapped(
  scheme: Parameters<typeof boot>[0],
  style: "64-bit" | "32-bit",
): Pair & { process: Process; address: number } {
  const pair = boot(scheme, 16, style === "64-bit" ? {} : { style, lowmemFrames: 2048 });
  const process = ok(pair.guest.spawn());
  const address = ok(pair.guest.mmap(process, { length: 8 * PAGE, flags: MAP_PRIVATE | MAP_ANONYMOUS }));
  return { ...pair, process, address };
}

describe.each(allSchemes.flatMap((scheme) => (["64-bit", "32-bit"] as const).map((style) => ({ scheme, style }))))(
  "private memory under $scheme in a $style guest",
  ({ scheme, style }) => {
    it("shows the page of zeroes to reads, which takes a page from nobody and a type from nothing [M do_anonymous_page]", () => {
      const pair = mapped(scheme, style);
      const { guest, host, process, address } = pair;
      expect(guest.touch(process, address, false)).toBeUndefined();
      const free = guest.freePages();
      const frame = guest.kernel.phys.pfnToMfn(guest.kernel.zeroPage);
      const count = (): number => readCount(host, frame).count;
      const before = count();
      const { perf, events } = measure(pair, () => expect(guest.touch(process, address + PAGE, false)).toBeUndefined());
      expect(events).toMatchObject({ pageFaults: 1, queuedPteWrites: 1, batches: 1 });
      expect(perf).toMatchObject({ hypercalls: 1, tableFrameGets: 1, tableTypeGets: 0 });
      expect(guest.freePages()).toBe(free);
      expect(count()).toBe(before + 1);
      expectClean(host);
    });

    it("is a fresh page for the first write, and one more if it was read before [S §1.2]", () => {
      const pair = mapped(scheme, style);
      const { guest, host, process, address } = pair;
      expect(guest.touch(process, address, false)).toBeUndefined();
      const free = guest.freePages();
      expect(guest.touch(process, address + PAGE)).toBeUndefined();
      const copied = measure(pair, () => expect(guest.touch(process, address)).toBeUndefined());
      expect(copied.events).toMatchObject({ pageFaults: 1, ptwrFaults: 1 });
      expect(guest.freePages()).toBe(free - 2);
      // Lowmem: by the direct map and by the process; highmem: by the process alone.
      const counts = Array.from({ length: guest.frames }, (_, page) => writableCount(pair, page));
      const [inUse, free32] = [style === "64-bit" ? 2 : 1, style === "64-bit" ? 1 : 0];
      const highest = style === "64-bit" ? counts : counts.slice(2048);
      expect(highest.filter((count) => count === inUse)).toHaveLength(2);
      expect(highest.filter((count) => count > inUse)).toEqual([]);
      expect(highest).toContain(free32);
      expectClean(host);
    });

    it("goes back to the buddy with its mapping", () => {
      const { guest, host, process, address } = mapped(scheme, style);
      const free = guest.freePages();
      expect(guest.touchAll(process, address)).toBeUndefined();
      expect(guest.munmap(process, address)).toBe(0);
      expect(guest.freePages()).toBe(free);
      expectClean(host);
    });
  },
);

describe("private memory", () => {
  it("kills the process that touches more than there is", () => {
    const { guest, host } = boot("sealed", 16);
    const process = ok(guest.spawn());
    const address = ok(guest.mmap(process, { length: 64 * 2 ** 20, flags: MAP_PRIVATE | MAP_ANONYMOUS }));
    expect(guest.touchAll(process, address)).toBe("SIGKILL");
    expectClean(host);
    guest.exit(process);
    expect(guest.freePages()).toBeGreaterThan(15 * 256);
  });

  it("kills who writes to a page that is shared since fork when there is none for the copy", () => {
    const { guest, host } = boot("sealed", 16);
    const process = ok(guest.spawn());
    const address = ok(guest.mmap(process, { length: PAGE, flags: MAP_PRIVATE | MAP_ANONYMOUS }));
    expect(guest.touch(process, address)).toBeUndefined();
    const child = ok(guest.fork(process));
    const rest = ok(guest.mmap(process, { length: 64 * 2 ** 20, flags: MAP_PRIVATE | MAP_ANONYMOUS }));
    expect(guest.processes()[0]?.vmas).toHaveLength(1);
    expect(guest.touchAll(process, rest)).toBe("SIGKILL");
    expect(guest.touch(child, address)).toBe("SIGKILL");
    expect(guest.touch(child, address, false)).toBeUndefined();
    guest.exit(process);
    expect(guest.touch(child, address)).toBeUndefined();
    expectClean(host);
  });

  it("of a file shows the file's pages until it writes, and then its own", () => {
    const { guest, host } = boot("sealed", 16);
    const [reader, writer] = [ok(guest.spawn()), ok(guest.spawn())];
    const file = ok(guest.shmemFile(4 * PAGE));
    const shared = ok(guest.mmap(reader, { length: 4 * PAGE, flags: MAP_SHARED, file }));
    const own = ok(guest.mmap(writer, { length: 4 * PAGE, flags: MAP_PRIVATE, file }));
    expect(guest.touchAll(reader, shared)).toBeUndefined();
    expect(guest.touch(writer, own, false)).toBeUndefined();
    const free = guest.freePages();
    expect(guest.touch(writer, own)).toBeUndefined();
    expect(guest.touch(writer, own + PAGE)).toBeUndefined();
    expect(guest.freePages()).toBe(free - 2);
    expect(guest.touch(writer, own + PAGE)).toBeUndefined();
    expect(guest.freePages()).toBe(free - 2);
    expect(guest.touch(writer, own + 4 * PAGE)).toBe("SIGSEGV");
    expectClean(host);
  });

  it("can be read where it is only writable, as on x86 [M access_error]", () => {
    const { guest } = boot("sealed", 16);
    const process = ok(guest.spawn());
    const flags = MAP_PRIVATE | MAP_ANONYMOUS;
    const writeOnly = ok(guest.mmap(process, { length: PAGE, flags, prot: PROT_WRITE }));
    const readOnly = ok(guest.mmap(process, { length: PAGE, flags, prot: PROT_READ }));
    expect(guest.touch(process, writeOnly, false)).toBeUndefined();
    expect(guest.touch(process, writeOnly)).toBeUndefined();
    expect(guest.touch(process, readOnly)).toBe("SIGSEGV");
  });

  it("beyond the end of an object is SIGBUS", () => {
    const { guest } = boot("sealed", 16);
    const process = ok(guest.spawn());
    const file = ok(guest.shmemFile(2 * PAGE));
    const address = ok(guest.mmap(process, { length: 4 * PAGE, flags: MAP_SHARED, file, offset: PAGE }));
    expect(guest.touch(process, address)).toBeUndefined();
    expect(guest.touch(process, address + PAGE)).toBe("SIGBUS");
  });
});
