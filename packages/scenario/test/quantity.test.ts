import { describe, expect, test } from "vitest";
import { formatCount, formatDuration, formatSize, parseDuration, parseSize } from "../src/index.ts";

test.each([
  ["64GiB", 64 * 2 ** 30],
  ["1.5 MiB", 1.5 * 2 ** 20],
  ["512B", 512],
  ["2TiB", 2 ** 41],
])("reads the size %s", (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(["64", "64gb", "64GB", "GiB", "-1GiB", "1e3GiB", "0.3B", "64 GiB extra", "99999999TiB", "1constructor"])(
  "takes %s for no size",
  (text) => {
    expect(parseSize(text)).toBeUndefined();
  },
);

test.each([
  ["60s", 60e9],
  ["1.5ms", 1.5e6],
  ["2min", 120e9],
  ["250 us", 250e3],
])("reads the duration %s", (text, ns) => {
  expect(parseDuration(text)).toBe(ns);
});

test.each(["60", "1h", "s"])("takes %s for no duration", (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

describe("printing", () => {
  test.each([
    [64 * 2 ** 30, "64 GiB"],
    [1.5 * 2 ** 20, "1.5 MiB"],
    [0, "0 B"],
    [1023, "1023 B"],
  ])("prints %d bytes as %s", (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });

  test.each([
    [1.6523e9, "1.65 s"],
    [334e9, "334 s"],
    [12.34e6, "12.3 ms"],
    [340, "340 ns"],
    [999.9e6, "1 s"],
    [0, "0 ns"],
    [4_000e9, "4,000 s"],
  ])("prints %d ns as %s", (ns, text) => {
    expect(formatDuration(ns)).toBe(text);
  });

  test("separates thousands", () => {
    expect([0, 999, 1000, 16_777_216].map(formatCount)).toEqual(["0", "999", "1,000", "16,777,216"]);
  });
});
