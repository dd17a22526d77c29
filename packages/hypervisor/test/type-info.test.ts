import fc from "fast-check";
import { expect, it } from "vitest";
import {
  PGT_count_mask,
  PGT_l1_page_table,
  PGT_l2_page_table,
  PGT_l3_page_table,
  PGT_l4_page_table,
  PGT_locked,
  PGT_none,
  PGT_pae_xen_l2,
  PGT_partial,
  PGT_pinned,
  PGT_root_page_table,
  PGT_seg_desc_page,
  PGT_shared_page,
  PGT_type_mask,
  PGT_validated,
  PGT_writable_page,
  decodeTypeInfo,
  pageTableLevel,
} from "../src/type-info.ts";

const types = [
  [PGT_none, 0, "none", 0],
  [PGT_l1_page_table, 1, "l1", 1],
  [PGT_l2_page_table, 2, "l2", 2],
  [PGT_l3_page_table, 3, "l3", 3],
  [PGT_l4_page_table, 4, "l4", 4],
  [PGT_seg_desc_page, 5, "seg", 0],
  [PGT_writable_page, 7, "writable", 0],
  [PGT_shared_page, 8, "shared", 0],
] as const;

it.each(types)("type %i has number %i in the top four bits, name %s and level %i", (type, number, name, level) => {
  expect(type >>> 28).toBe(number);
  fc.assert(
    fc.property(fc.nat(0xfff_ffff), (rest) => {
      expect(decodeTypeInfo(type | rest).typeName).toBe(name);
      expect(decodeTypeInfo(type | rest).typeCount).toBe(rest & PGT_count_mask);
      expect(pageTableLevel(type | rest)).toBe(level);
    }),
  );
});

it.each([
  ["pinned", PGT_pinned],
  ["validated", PGT_validated],
  ["partial", PGT_partial],
  ["locked", PGT_locked],
] as const)("shows the flag %s alone", (name, bit) => {
  const none = { typeName: "none", typeCount: 0, pinned: false, validated: false, partial: false, locked: false };
  expect(decodeTypeInfo(bit)).toEqual({ ...none, [name]: true });
});

it("uses each of the 32 bits once, in Xen's order", () => {
  const fields = [
    PGT_type_mask,
    PGT_pinned,
    PGT_validated,
    PGT_pae_xen_l2,
    PGT_partial,
    PGT_locked,
    PGT_count_mask,
  ].map((field) => field >>> 0);
  expect(fields.reduce((sum, field) => sum + field, 0)).toBe(0xffff_ffff);
  expect([...fields].sort((a, b) => b - a)).toEqual(fields);
  expect(PGT_root_page_table).toBe(PGT_l4_page_table);
});
