import { expect, it } from "vitest";
import { OWNER_SLOTS } from "../src/owner-info.ts";
import {
  SEALED_busy,
  SEALED_mark,
  SEALED_max_uses,
  SEALED_owner_mask,
  SEALED_owner_shift,
  SEALED_reader,
  SEALED_readers_mask,
  SEALED_readers_shift,
  SEALED_writer,
  SEALED_writers_mask,
} from "../src/sealed-info.ts";

it("puts busy, mark, owner, readers and writers into one word, each bit once", () => {
  const fields = [SEALED_busy, SEALED_mark, SEALED_owner_mask, SEALED_readers_mask, SEALED_writers_mask].map(
    (field) => field >>> 0,
  );
  expect(fields.reduce((sum, field) => sum + field, 0)).toBe(0xffff_ffff);
  expect([...fields].sort((a, b) => b - a)).toEqual(fields);
});

it("counts by ones in each field, up to the same limit", () => {
  expect(SEALED_writer * SEALED_max_uses).toBe(SEALED_writers_mask);
  expect(SEALED_reader * SEALED_max_uses).toBe(SEALED_readers_mask);
  expect(SEALED_reader).toBe(1 << SEALED_readers_shift);
});

it("names every owner slot", () => {
  expect(SEALED_owner_mask >>> SEALED_owner_shift).toBe(OWNER_SLOTS - 1);
});
