import { expect, it } from "vitest";
import {
  PGC_allocated,
  PGC_broken,
  PGC_cacheattr_mask,
  PGC_count_mask,
  PGC_page_table,
  PGC_state_free,
  PGC_state_inuse,
  PGC_state_mask,
  PGC_state_offlined,
  PGC_state_offlining,
  PGC_xen_heap,
  decodeCountInfo,
} from "../src/count-info.ts";

it.each([
  ["nothing", 0, { count: 0, allocated: false, xenHeap: false, free: false }],
  ["the owner's own reference", PGC_allocated | 1, { count: 1, allocated: true, xenHeap: false, free: false }],
  ["a released frame still in use", 3, { count: 3, allocated: false, xenHeap: false, free: false }],
  ["a free frame", PGC_state_free, { count: 0, allocated: false, xenHeap: false, free: true }],
  ["Xen's own frame", PGC_xen_heap, { count: 0, allocated: false, xenHeap: true, free: false }],
  ["the largest count", PGC_count_mask, { count: 0x7fffff, allocated: false, xenHeap: false, free: false }],
  ["an offlining frame", PGC_state_offlining, { count: 0, allocated: false, xenHeap: false, free: false }],
  ["an offlined frame", PGC_state_offlined, { count: 0, allocated: false, xenHeap: false, free: false }],
])("decodes %s", (_name, word, expected) => {
  expect(decodeCountInfo(word)).toEqual(expected);
});

it("uses each of the 32 bits once, from allocated at the top to the count at the bottom", () => {
  const fields = [
    PGC_allocated,
    PGC_xen_heap,
    PGC_page_table,
    PGC_cacheattr_mask,
    PGC_broken,
    PGC_state_mask,
    PGC_count_mask,
  ].map((field) => field >>> 0);
  expect(fields.reduce((sum, field) => sum + field, 0)).toBe(0xffff_ffff);
  expect([...fields].sort((a, b) => b - a)).toEqual(fields);
  expect(PGC_state_inuse).toBe(0);
});
