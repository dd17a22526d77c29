import { describe, expect, it } from "vitest";
import { clearPinned, lockPage, setPinned, unlockPage } from "../src/page-lock.ts";
import {
  PGT_count_mask,
  PGT_l1_page_table,
  PGT_locked,
  PGT_pinned,
  PGT_validated,
  PGT_writable_page,
} from "../src/type-info.ts";
import { oneGuest } from "./small-host.ts";

const TABLE = PGT_l1_page_table | PGT_validated;

describe("the page lock", () => {
  it.each([
    ["a validated table in use", TABLE | 1, true],
    ["a writable frame in use", PGT_writable_page | PGT_validated | 3, true],
    ["a frame in use as nothing", TABLE, false],
    ["a table that is not validated", PGT_l1_page_table | 1, false],
    ["a frame whose type count is at its limit", TABLE | PGT_count_mask, false],
  ])("of %s: %s → %s", (_name, word, taken) => {
    const { host, start } = oneGuest();
    host.type.store(start, word);
    expect(lockPage(host, start)).toBe(taken);
    expect(host.type.load(start)).toBe(taken ? (word + 1) | PGT_locked : word);
    if (!taken) return;
    unlockPage(host, start);
    expect(host.type.load(start)).toBe(word);
  });

  it("makes whoever wants it too wait", () => {
    const { host, start } = oneGuest();
    host.type.store(start, TABLE | 1);
    lockPage(host, start);
    expect(() => lockPage(host, start)).toThrow(/deadlock/);
  });
});

it("the pin is set once and cleared once, and nothing else of the word changes", () => {
  const { host, start } = oneGuest();
  host.type.store(start, TABLE | 2);
  expect([setPinned(host, start), setPinned(host, start)]).toEqual([true, false]);
  expect(host.type.load(start)).toBe(TABLE | PGT_pinned | 2);
  expect([clearPinned(host, start), clearPinned(host, start)]).toEqual([true, false]);
  expect(host.type.load(start)).toBe(TABLE | 2);
});
