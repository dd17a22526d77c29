import { schemeNames } from "@xsp/hypervisor";
import { describe, expect, test } from "vitest";
import { explainToken } from "../../src/models/explanation.ts";
import { namedModels } from "../../src/models/model-list.ts";
import { checkRows, findingsPage } from "./findings-page.ts";

// docs/findings.md is made by `xsp check --all --format md`. When a test here fails the code has changed since: make it
// again, and look at what has become different.
const page = findingsPage;
const found = [
  ...page.matchAll(
    /^### (\S+): (S\d), in `(\S+)`(?: \(perhaps not the shortest\))?\n\n(.*)\n\n```text\nxsp explain (\S+)\n/gm,
  ),
];

describe("docs/findings.md", () => {
  test("has a counterexample for each violated cell of its matrix, and none for what is sound", () => {
    const cells = [...page.matchAll(/^\| (\S+) \| (holds|violated|—) \|.*\|$/gm)].map(([row]) => row);
    expect(cells).toHaveLength(schemeNames.length);
    expect(found).toHaveLength(cells.join("").split("violated").length - 1);
    const broken = new Set(found.map(([, scheme]) => scheme));
    expect([...broken]).toEqual(["rfc", "rfc-busy-over-1", "rfc-busy-over-2", "xen-4.1"]);
  });

  test("has every model under every scheme, and none that is incomplete", () => {
    const expected = namedModels.flatMap(({ name }) => schemeNames.map((scheme) => `${name} ${scheme}`));
    expect(checkRows.map(({ model, scheme }) => `${model} ${scheme}`)).toEqual(expected);
  });

  test.each(
    found.map(([, scheme, property, model, paragraph, token = ""]) => ({ scheme, property, model, paragraph, token })),
  )("$scheme: $property in $model replays as it is told", ({ scheme, property, model, paragraph, token }) => {
    const explanation = explainToken(token);
    expect(explanation).toMatchObject({ scheme, model, paragraph });
    expect(explanation.violated.map((each) => each.property)).toContain(property);
  });
});
