import { profileNames, schemeNames } from "@xsp/scenario";
import fc from "fast-check";
import { expect, test } from "vitest";
import { benchFields, readBench, sizes } from "../src/machine/bench-settings.ts";
import { machineActions } from "../src/model/machine-actions.ts";
import { isBroken, readFragment, writeFragment } from "../src/route.ts";

test("what a link to machines says is read back", () => {
  const anything = fc.record({
    schemes: fc.subarray([...schemeNames], { minLength: 1, maxLength: 2 }),
    gib: fc.constantFrom(...sizes),
    profile: fc.constantFrom(...profileNames),
    actions: fc.array(fc.constantFrom(...machineActions), { maxLength: 40 }),
  });
  fc.assert(
    fc.property(anything, (settings) => {
      const place = readFragment(writeFragment("machine", benchFields(settings)));
      expect(isBroken(place) ? place : readBench(place.fields)).toEqual(settings);
    }),
  );
});

test("what makes no sense in a link is as if it were not there", () => {
  const plain = { schemes: ["per-frame", "sealed"], gib: 4, profile: "xeon-x5570-2009", actions: [] };
  expect(readBench({})).toEqual(plain);
  expect(readBench({ schemes: "none", gib: "3", profile: "abacus", do: "dance" })).toEqual(plain);
});
