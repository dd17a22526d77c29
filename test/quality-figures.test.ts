import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const json = (path: string): unknown => JSON.parse(read(path));

interface Share {
  readonly covered: number;
  readonly total: number;
}

interface Coverage {
  readonly packages: readonly ({ readonly name: string; readonly date: string; readonly commit: string } & Readonly<
    Record<"lines" | "branches" | "functions", Share>
  >)[];
}

interface Mutation {
  readonly files: readonly ({ readonly file: string; readonly date: string; readonly commit: string } & Readonly<
    Record<"killed" | "timeout" | "survived" | "noCoverage", number>
  >)[];
}

const claims = read("docs/claims.md").split("\n");
const coverage = json("docs/coverage.json") as Coverage;
const mutation = json("docs/mutation.json") as Mutation;

const percent = (part: number, all: number): string => `${((100 * part) / all).toFixed(1)} %`;

/** What takes too long for every run is kept with the day and the commit: the page says what was measured, not more. */
describe("docs/claims.md", () => {
  it.each(coverage.packages)("has the coverage of $name as docs/coverage.json has it", (row) => {
    const shares = [row.lines, row.branches, row.functions].map(({ covered, total }) => percent(covered, total));
    expect(claims).toContain(`| ${[row.name, ...shares, `${row.date}, ${row.commit}`].join(" | ")} |`);
  });

  it("has that of every package whose code Node runs", () => {
    const names = readdirSync(new URL("../packages", import.meta.url)).map((name) => `@xsp/${name}`);
    expect(coverage.packages.map(({ name }) => name)).toEqual(names.toSorted());
  });

  it.each(mutation.files)("has the mutants of $file as docs/mutation.json has them", (row) => {
    const noticed = row.killed + row.timeout;
    const mutants = noticed + row.survived + row.noCoverage;
    const said = [row.file, `${noticed} of ${mutants}`, percent(noticed, mutants), `${row.date}, ${row.commit}`];
    expect(claims).toContain(`| ${said.join(" | ")} |`);
  });
});
