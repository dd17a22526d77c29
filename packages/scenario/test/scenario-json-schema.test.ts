import { expect, test } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { scenarioJsonSchema, shippedScenario, shippedScenarioNames } from "../src/index.ts";

/** The schema as another program reads it: from its JSON. */
const schema = z.fromJSONSchema(JSON.parse(JSON.stringify(scenarioJsonSchema())));
const accepts = (scenario: unknown): boolean => schema.safeParse(scenario).success;

const small = { name: "small", host: { memory: "512MiB" }, guest: { memory: "256MiB" } };

test.each(shippedScenarioNames)("accepts %s as it is shipped", (name) => {
  expect(accepts(parse(shippedScenario(name) ?? ""))).toBe(true);
});

test.each([
  ["a step that is a command line", { ...small, steps: ["ps"] }],
  ["a step with fields", { ...small, steps: [{ run: "ps", refused: "ENOMEM" }] }],
  ["one line in place of a list", { ...small, steps: [{ measure: "fork 1", as: "fork", prints: "2" }] }],
  ["a number in place of a formula", { ...small, expect: [{ what: "audit.differences", is: 0, except: "rfc" }] }],
])("accepts %s", (_what, scenario) => {
  expect(accepts(scenario)).toBe(true);
});

test.each([
  ["a field that there is not", { ...small, hots: {} }],
  ["a scheme that there is not", { ...small, schemes: ["rcf"] }],
  ["a scenario without a guest", { name: "x", host: { memory: "1GiB" } }],
  ["an errno in small letters", { ...small, steps: [{ run: "ps", refused: "enomem" }] }],
])("refuses %s", (_what, scenario) => {
  expect(accepts(scenario)).toBe(false);
});
