import { describe, expect, test } from "vitest";
import { isLoginStorm, parseOverride, readScenario, ScenarioError, type ScenarioProblem } from "../src/index.ts";

const file = `name: steps
host: { memory: 512MiB }
guest: { memory: 448MiB }
let: { region: 64MiB, spare: 2 }
steps:
  - ps
  - run: cat /proc/meminfo
    prints: "HugePages_Total: {region / 2MiB}"
  - measure: [fork 1, fork 1]
    as: forks
    refused: ENOMEM
    under: rfc
expect:
  - { what: forks.events.superpageGets, is: 64, under: [rfc, sealed] }
  - { what: forks.modelled, atMost: 1s }
published:
  - { what: forks.modelled / 2, figure: 10ms, source: somebody }
`;

function problemsOf(text: string, ...sets: readonly string[]): readonly ScenarioProblem[] {
  const overrides = sets.map((set) => parseOverride(set, "--set")).filter((override) => override !== undefined);
  try {
    readScenario(text, { file: "steps.yaml", overrides });
  } catch (error) {
    if (error instanceof ScenarioError) return error.problems;
    throw error;
  }
  return [];
}

describe("a scenario of steps", () => {
  const scenario = readScenario(file, { file: "steps.yaml" });

  test("is no login storm, and has a pool only when it asks for one", () => {
    expect(isLoginStorm(scenario)).toBe(false);
    expect(scenario.pool).toEqual({ hugepages: 0, mark: true });
    expect(scenario).not.toHaveProperty("deadlineNs");
  });

  test("has its short forms written out, its numbers filled in, and knows its lines", () => {
    expect(scenario.let).toEqual({ region: 2 ** 26, spare: 2 });
    expect(scenario.steps).toEqual([
      { commands: ["ps"], prints: [], line: 6 },
      { commands: ["cat /proc/meminfo"], prints: ["HugePages_Total: 32"], line: 7 },
      { commands: ["fork 1", "fork 1"], as: "forks", prints: [], refused: "ENOMEM", under: ["rfc"], line: 9 },
    ]);
    expect(scenario.expect).toEqual([
      { what: "forks.events.superpageGets", bounds: { is: "64" }, under: ["rfc", "sealed"], line: 14 },
      { what: "forks.modelled", bounds: { atMost: "1s" }, line: 15 },
    ]);
    expect(scenario.published).toEqual([{ what: "forks.modelled / 2", figure: "10ms", source: "somebody" }]);
  });

  test("may name the schemes for which something does not stand", () => {
    const { expect: expected } = readScenario(file.replace("under: [rfc, sealed]", "except: [rfc, per-frame]"), {
      file: "steps.yaml",
    });
    expect(expected[0]?.under).toEqual([
      "rfc-busy-over-1",
      "rfc-busy-over-2",
      "xen-4.1",
      "sealed",
      "sealed-deferred",
      "sealed-percpu",
    ]);
  });

  test("takes other numbers from outside", () => {
    const overrides = ["let.region=1GiB", "steps.0=audit"]
      .map((set) => parseOverride(set, "--set"))
      .filter((override) => override !== undefined);
    const { steps } = readScenario(file, { file: "steps.yaml", overrides });
    expect(steps[0]).toEqual({ commands: ["audit"], prints: [] });
    expect(steps[1]?.prints).toEqual(["HugePages_Total: 512"]);
  });

  test("may go on where a login storm ends", () => {
    const storm = `${file}process: { region: 64MiB }\nworkload: { logins: 2 }\n`;
    const both = readScenario(storm.replaceAll("forks", "more"), { file: "steps.yaml" });
    expect(isLoginStorm(both)).toBe(true);
    expect(both.steps).toHaveLength(3);
  });
});

interface Case {
  readonly name: string;
  readonly change: readonly [string, string];
  readonly problem: Partial<ScenarioProblem>;
}

const cases: readonly Case[] = [
  {
    name: "a command that does not exist",
    change: ["- ps", "- sp"],
    problem: { line: 6, path: "steps.0.run", problem: 'steps.0.run is "sp": there is no command sp' },
  },
  {
    name: "a misspelt command",
    change: ["[fork 1, fork 1]", "[fork 1, frok 1]"],
    problem: { line: 9, column: 23, path: "steps.2.measure.1", remedy: "did you mean fork?" },
  },
  {
    name: "an unknown field of a step",
    change: ["    prints:", "    print:"],
    problem: { line: 8, column: 5, path: "steps.1.print", remedy: "did you mean prints?" },
  },
  {
    name: "a step that does nothing",
    change: ["- ps", "- prints: x"],
    problem: { line: 6, path: "steps.0", problem: "steps.0 has neither run nor measure" },
  },
  {
    name: "a step that does two things",
    change: ["- ps", "- { run: ps, measure: ps, as: twice }"],
    problem: { line: 6, path: "steps.0", problem: "steps.0 has both run and measure" },
  },
  {
    name: "a measured step without a name",
    change: ["    as: forks\n", ""],
    problem: { line: 9, path: "steps.2", problem: "steps.2.as is missing" },
  },
  {
    name: "a name for a step that is not measured",
    change: ["- ps", "- { run: ps, as: list }"],
    problem: { line: 6, path: "steps.0", problem: "steps.0 has as, and measures nothing" },
  },
  {
    name: "a name that is taken",
    change: ["- ps", "- { measure: ps, as: region }"],
    problem: { line: 6, path: "steps.0.as", problem: "region is the name of something else already" },
  },
  {
    name: "a name that runs have for a phase",
    change: ["- ps", "- { measure: ps, as: destroy }"],
    problem: { line: 6, path: "steps.0.as", problem: "destroy is the name of something else already" },
  },
  {
    name: "schemes for which nothing is said",
    change: ["- ps", "- { run: ps, under: rfc }"],
    problem: { line: 6, path: "steps.0.under", remedy: "add what is expected, or remove under" },
  },
  {
    name: "schemes named in both ways",
    change: ["under: [rfc, sealed]", "under: rfc, except: sealed"],
    problem: { line: 14, path: "expect.0", problem: "expect.0 has both under and except" },
  },
  {
    name: "a scheme that does not exist",
    change: ["    under: rfc", "    under: rcf"],
    problem: { line: 12, path: "steps.2.under.0", remedy: "did you mean rfc?" },
  },
  {
    name: "a refusal that is neither errno nor signal",
    change: ["refused: ENOMEM", "refused: no memory"],
    problem: { line: 11, path: "steps.2.refused", expected: "the name of an errno or of a signal" },
  },
  {
    name: "a constant that let does not have",
    change: ["{region / 2MiB}", "{regoin / 2MiB}"],
    problem: {
      line: 8,
      path: "steps.1.prints.0",
      expected: "a formula over region, spare that comes to a whole number",
    },
  },
  {
    name: "a constant that is no whole number",
    change: ["{region / 2MiB}", "{region / 3}"],
    problem: { line: 8, path: "steps.1.prints.0" },
  },
  {
    name: "a constant of another kind",
    change: ["region: 64MiB", "region: soon"],
    problem: { line: 4, path: "let.region", expected: "a number or a size" },
  },
  {
    name: "a measure that no run has",
    change: ["forks.events.superpageGets", "forks.events.superpageGet"],
    problem: { line: 14, path: "expect.0.what", remedy: "did you mean forks.events.superpageGets?" },
  },
  {
    name: "a measure of a login storm where there is none",
    change: ["what: forks.modelled, at", "what: logins.inTime, at"],
    problem: { line: 15, path: "expect.1.what", problem: "expect.1.what measures logins.inTime, which no run has" },
  },
  {
    name: "a formula that cannot be read",
    change: ["forks.events.superpageGets", "forks.events.superpageGets +"],
    problem: { line: 14, path: "expect.0.what", expected: "a formula of measures, numbers, + - * / and brackets" },
  },
  {
    name: "a comparison with a scheme that does not exist",
    change: ["forks.modelled, atMost: 1s", "forks.modelled / forks.modelled@seald, atMost: 1"],
    problem: { line: 15, path: "expect.1.what", remedy: "did you mean sealed?" },
  },
  {
    name: "an expectation without a bound",
    change: [", atMost: 1s", ""],
    problem: { line: 15, path: "expect.1", expected: "is, atLeast or atMost" },
  },
  {
    name: "a count where a time belongs",
    change: ["atMost: 1s", "atMost: 1"],
    problem: { line: 15, path: "expect.1.atMost", expected: "a duration, such as 60s" },
  },
  {
    name: "a time where a count belongs",
    change: ["is: 64", "is: 64s"],
    problem: { line: 14, path: "expect.0.is", expected: "a plain number" },
  },
  {
    name: "a time added to a count",
    change: ["forks.modelled, at", "forks.modelled + 1, at"],
    problem: { line: 15, path: "expect.1.what", expected: "sums and differences of one kind" },
  },
  {
    name: "a published figure of another kind",
    change: ["figure: 10ms", "figure: 10"],
    problem: { line: 17, path: "published.0.figure", expected: "a duration, such as 60s" },
  },
  {
    name: "a published figure without a source",
    change: [", source: somebody", ""],
    problem: { line: 17, path: "published.0.source", problem: "published.0.source is missing" },
  },
  {
    name: "a deadline for which nobody waits",
    change: ["let:", "deadline: 60s\nlet:"],
    problem: { line: 4, path: "deadline", remedy: "remove deadline, or add a workload" },
  },
  {
    name: "nothing to do at all",
    change: [file.slice(file.indexOf("steps:\n"), file.indexOf("expect:")), ""],
    problem: { path: "process", problem: "process is missing" },
  },
];

test.each(cases)("$name is refused, with its place and a remedy", ({ change: [from, to], problem }) => {
  expect(file).toContain(from);
  const [found] = problemsOf(file.replace(from, to));
  expect(found).toMatchObject({ file: "steps.yaml", ...problem });
  expect(found?.remedy).not.toBe("");
});

test("a step that was set from outside is reported by its flag", () => {
  const [found] = problemsOf(file, "steps.0=nonsense");
  expect(found).toMatchObject({ flag: "--set steps.0=nonsense", path: "steps.0.run" });
  expect(found).not.toHaveProperty("line");
});
