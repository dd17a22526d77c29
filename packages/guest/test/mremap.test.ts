import { describe, expect, it } from "vitest";
import { MAP_ANONYMOUS, MAP_PRIVATE } from "../src/index.ts";
import { boot, expectClean, ok, sharer } from "./small-guest.ts";

const PAGE = 4096;
const HUGEPAGE = 2 ** 21;

describe("mremap", () => {
  it("lets a mapping grow into free addresses and shrink again", () => {
    const { guest, host } = boot("sealed", 16);
    const process = ok(guest.spawn());
    const address = ok(guest.mmap(process, { length: 2 * PAGE, flags: MAP_PRIVATE | MAP_ANONYMOUS }));
    expect(guest.mremap(process, address, 2 * PAGE, 5 * PAGE)).toBe(address);
    expect(guest.touch(process, address + 4 * PAGE)).toBeUndefined();
    expect(guest.mremap(process, address, 5 * PAGE, PAGE)).toBe(address);
    expect(guest.touch(process, address + 4 * PAGE)).toBe("SIGSEGV");
    expectClean(host);
  });

  it.each([
    ["an address inside a page", 1, 2, 3, -22],
    ["to nothing", 0, 2, 0, -22],
    ["of what is not mapped", 64 * PAGE, 2, 3, -14],
    ["of more than is mapped", 0, 3, 4, -14],
    ["with something in the way", 0, 2, 4, -12],
    ["of the begin of a mapping only", 0, 1, 4, -12],
  ])("%s gives the errno of Linux [M mm/mremap.c]", (_, start, from, to, errno) => {
    const { guest } = boot("sealed", 16);
    const process = ok(guest.spawn());
    const address = ok(guest.mmap(process, { length: 2 * PAGE, flags: MAP_PRIVATE | MAP_ANONYMOUS }));
    const shared = guest.shmemFile(PAGE);
    ok(guest.mmap(process, { length: PAGE, flags: MAP_PRIVATE, file: ok(shared), address: address + 3 * PAGE }));
    expect(guest.mremap(process, address + start, from * PAGE, to * PAGE)).toBe(errno);
  });

  it("is EINVAL for hugepages that shall grow, and a munmap of the tail for those that shall not [S L39]", () => {
    const { guest, host } = boot("sealed", 32);
    const { process, address } = sharer(guest, 2);
    expect(guest.mremap(process, address, 2 * HUGEPAGE, 3 * HUGEPAGE)).toBe(-22);
    expect(guest.mremap(process, address, 2 * HUGEPAGE, HUGEPAGE + PAGE)).toBe(-22);
    expect(guest.mremap(process, address, 2 * HUGEPAGE, HUGEPAGE)).toBe(address);
    expect(guest.touch(process, address + HUGEPAGE)).toBe("SIGSEGV");
    expectClean(host);
  });
});
