import { shorten, type ComparisonSection, type ScenarioResult } from "@xsp/scenario";
import type { MicroResult } from "./micro-result.ts";

/** The micro-benchmarks of each scheme, and the language's limit under the name `bare`. */
export type MicroResults = Readonly<Record<string, readonly MicroResult[]>>;

/** The micro-benchmarks as a section of the table of schemes: median and spread per operation. */
export function microSections({ runs }: ScenarioResult, micro: MicroResults): readonly ComparisonSection[] {
  const columns = runs.map(({ scheme }) => micro[scheme] ?? []);
  const names = new Set(columns.flatMap((results) => results.map(({ task }) => task)));
  const cell = (found: MicroResult | undefined): string =>
    found === undefined ? "-" : `${shorten(found.medianNs)} ns`;
  const rows = [...names].map((name) => ({
    label: name,
    cells: columns.map((results) => cell(results.find(({ task }) => task === name))),
  }));
  for (const limit of micro["bare"] ?? []) {
    rows.push({ label: `${limit.task} (any scheme)`, cells: columns.map(() => cell(limit)) });
  }
  return [{ title: "one hugepage, median wall time here", rows }];
}
