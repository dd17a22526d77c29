import { describe, expect, test } from "vitest";
import { evaluateFormula, formatQuantity, measuresIn, parseFormula, type Quantity } from "../src/index.ts";

const measures: Readonly<Record<string, Quantity>> = {
  region: { value: 64 * 2 ** 30, time: 0 },
  "fork.events.frameGets": { value: 512, time: 0 },
  "fork.modelled": { value: 3e9, time: 1 },
  "fork.modelled@sealed": { value: 1e6, time: 1 },
};

function evaluate(text: string): Quantity | undefined {
  const formula = parseFormula(text);
  if ("problem" in formula) throw new Error(formula.problem);
  return evaluateFormula(formula, ({ name, scheme }) => measures[scheme === undefined ? name : `${name}@${scheme}`]);
}

describe("a formula", () => {
  test.each<[string, number, number]>([
    ["32768", 32_768, 0],
    ["0.5", 0.5, 0],
    ["2MiB", 2 ** 21, 0],
    ["60s", 60e9, 1],
    ["fork.events.frameGets", 512, 0],
    ["1 + 2 * 3", 7, 0],
    ["(1 + 2) * 3", 9, 0],
    ["8 - 4 - 2", 2, 0],
    ["8 / 4 / 2", 1, 0],
    ["region / 2MiB", 32_768, 0],
    ["fork.events.frameGets - 512", 0, 0],
    ["2*fork.events.frameGets", 1024, 0],
    ["fork.modelled / 64", 46_875_000, 1],
    ["fork.modelled / fork.modelled@sealed", 3000, 0],
    ["fork.modelled - 1s", 2e9, 1],
  ])("%s comes to %d, time to the power of %d", (text, value, time) => {
    expect(evaluate(text)).toEqual({ value, time });
  });

  test.each<[string, string]>([
    ["", "a number or a name is missing at its end"],
    ["1 +", "a number or a name is missing at its end"],
    ["* 2", "* stands where a number or a name belongs"],
    ["(1 + 2", "a ) is missing"],
    ["1 2", "2 does not go on from what stands before it"],
    ["2 hugepages", "hugepages does not go on from what stands before it"],
    ["5parsecs", "5parsecs has a unit that is none of size or time"],
    ["fork.events %", "% is neither a number nor a name nor a sign"],
  ])("%j is refused: %s", (text, problem) => {
    expect(parseFormula(text)).toEqual({ problem });
  });

  test("that adds a time to a count comes to nothing", () => {
    expect(evaluate("fork.modelled + 1")).toBeUndefined();
    expect(evaluate("1 - fork.modelled")).toBeUndefined();
  });

  test("with a measure that is not there comes to nothing", () => {
    expect(evaluate("fork.modelled@rfc / 2")).toBeUndefined();
  });

  test("names its measures", () => {
    const formula = parseFormula("(a.b@per-frame + c) / (2 * d@xen-4.1)");
    expect("kind" in formula && measuresIn(formula)).toEqual([
      { name: "a.b", scheme: "per-frame" },
      { name: "c" },
      { name: "d", scheme: "xen-4.1" },
    ]);
  });
});

test.each<[Quantity | undefined, string]>([
  [{ value: 16_777_216, time: 0 }, "16,777,216"],
  [{ value: 0.123456, time: 0 }, "0.123"],
  [{ value: -2, time: 0 }, "-2"],
  [{ value: 1.46e9, time: 1 }, "1.46 s"],
  [{ value: -4e6, time: 1 }, "-4 ms"],
  [undefined, "not reached"],
])("%j is printed as %s", (quantity, printed) => {
  expect(formatQuantity(quantity)).toBe(printed);
});
