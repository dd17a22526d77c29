import { describe, expect, test } from "vitest";
import { checkModel } from "../../src/models/model-check.ts";
import { modelByName } from "../../src/models/model-list.ts";
import { runSequentialOrders } from "../../src/stress/sequential-orders.ts";
import { stressPlan } from "../../src/stress/stress-plan.ts";

function tokenOf(model: string, scheme: string, property: "S1" | "S3"): string {
  const [found] = checkModel(modelByName(model), scheme, { properties: [property] }).counterexamples;
  return found?.token ?? "";
}

const race = tokenOf("map-map-unmap", "xen-4.1", "S1");
const noRace = tokenOf("unmark-mapped", "rfc", "S3");

describe("a plan", () => {
  test("is the operations of each vCPU, and not their interleaving", () => {
    expect(stressPlan(race)).toEqual({
      token: race,
      model: "map-map-unmap",
      tokenScheme: "xen-4.1",
      tokenBreaks: ["S1"],
      scheme: "xen-4.1",
      order: 1,
      before: ["map-2m-rw"],
      operations: [["unmap-2m"], ["map-2m-rw", "pin-1"]],
      choices: [[0], [0, 1]],
    });
  });

  test("keeps the operations under another scheme and in a larger superpage", () => {
    const { operations } = stressPlan(race);
    expect(stressPlan(race, { scheme: "sealed", order: 9 })).toMatchObject({ scheme: "sealed", order: 9, operations });
  });

  test.each([
    ["a damaged token", `${race.slice(0, -2)}AA`, {}, /damaged/],
    ["an unknown scheme", race, { scheme: "seald" }, /scheme: "seald" given/],
    ["a superpage of less than a frame", race, { order: -1 }, /order: -1 given/],
    ["a superpage beyond 2 MiB", race, { order: 10 }, /order: 10 given/],
  ])("is refused for %s", (_, token, options, message) => {
    expect(() => stressPlan(token, options)).toThrow(message);
    expect(() => stressPlan(token, options)).toThrow(RangeError);
  });
});

describe("whole operations one after the other", () => {
  test("break nothing where it takes a race", () => {
    expect(runSequentialOrders(stressPlan(race))).toEqual({ orders: 3, breaks: [] });
  });

  test("break what needs no race, with the operations that do it", () => {
    const { orders, breaks } = runSequentialOrders(stressPlan(noRace));
    expect(orders).toBe(1);
    expect(breaks).toEqual([
      {
        property: "S3",
        message: expect.stringContaining("frame 3: count is 1, what exists implies 2") as string,
        steps: [{ vcpu: 1, operation: "unmark", result: "0" }],
      },
    ]);
  });

  test("report an operation that throws, and go no further in that order", () => {
    const plan = stressPlan(race);
    const { breaks } = runSequentialOrders({ ...plan, choices: [[0], [2, 1]] });
    expect(breaks).toMatchObject([
      { property: "error", steps: [{ vcpu: 1, operation: "map-2m-rw", result: "not finished" }] },
    ]);
  });

  test("break nothing under the scheme that answers the question", () => {
    expect(runSequentialOrders(stressPlan(noRace, { scheme: "sealed" }))).toEqual({ orders: 1, breaks: [] });
  });
});
