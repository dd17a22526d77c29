import { describe, expect, test } from "vitest";
import {
  parseOverride,
  readLoginStorm,
  readScenario,
  ScenarioError,
  shippedScenario,
  type ScenarioProblem,
} from "../src/index.ts";

const small = `# a small one
name: small
host:
  memory: 512MiB
schemes: [per-frame, sealed]
guest:
  memory: 448MiB
process:
  region: 64MiB
workload:
  logins: 3
`;

function problemsOf(text: string, sets: readonly string[] = []): readonly ScenarioProblem[] {
  const overrides = sets.map((set) => parseOverride(set, "--set")).filter((override) => override !== undefined);
  try {
    readScenario(text, { file: "small.yaml", overrides });
  } catch (error) {
    if (error instanceof ScenarioError) return error.problems;
    throw error;
  }
  return [];
}

describe("a scenario that is right", () => {
  test("gets its defaults and its units resolved", () => {
    expect(readScenario(small, { file: "small.yaml" })).toEqual({
      name: "small",
      description: "",
      host: { memoryBytes: 512 * 2 ** 20, version: "xen-4.9", superpageOrder: 9 },
      schemes: ["per-frame", "sealed"],
      guest: { style: "64-bit", memoryBytes: 448 * 2 ** 20, populate: "superpages", balloonHugepages: false },
      pool: { hugepages: 32, mark: true },
      process: { regionBytes: 64 * 2 ** 20, shared: true },
      workload: { kind: "login-storm", logins: 3, spawner: "serial", answer: "fork+exec" },
      deadlineNs: 60e9,
      let: {},
      steps: [],
      expect: [],
      published: [],
      profile: "xeon-x5570-2009",
    });
  });

  test("may be JSON", () => {
    const json = JSON.stringify(
      {
        name: "small",
        host: { memory: "512MiB" },
        guest: { memory: "448MiB", style: "32-bit" },
        process: { region: "64MiB" },
        workload: { logins: 1 },
      },
      null,
      "\t",
    );
    const { guest, schemes } = readScenario(json, { file: "small.json" });
    expect(guest).toMatchObject({ style: "32-bit", memoryBytes: 448 * 2 ** 20 });
    expect(schemes).toHaveLength(8);
  });

  test("fork-64g is the storm that this project is about", () => {
    const scenario = readLoginStorm(shippedScenario("fork-64g") as string, { file: "fork-64g" });
    expect(scenario.process).toEqual({ regionBytes: 64 * 2 ** 30, shared: true });
    expect(scenario.pool).toEqual({ hugepages: 32768, mark: true });
    expect(scenario.workload.logins).toBe(100);
    expect(scenario.deadlineNs).toBe(60e9);
    expect(scenario.schemes).toHaveLength(8);
  });

  test("takes overrides, the last one of a field winning", () => {
    const overrides = ["process.region=32MiB", "schemes=[rfc]", "workload.logins=7", "process.region=16MiB"]
      .map((set) => parseOverride(set, "--set"))
      .filter((override) => override !== undefined);
    const scenario = readLoginStorm(small, { file: "small.yaml", overrides });
    expect(scenario.process.regionBytes).toBe(16 * 2 ** 20);
    expect(scenario.pool.hugepages).toBe(8);
    expect(scenario.schemes).toEqual(["rfc"]);
    expect(scenario.workload.logins).toBe(7);
  });
});

interface Case {
  readonly name: string;
  readonly text: string;
  readonly problem: Partial<ScenarioProblem>;
}

const cases: readonly Case[] = [
  {
    name: "an unknown field at the top",
    text: small.replace("schemes:", "shemes:"),
    problem: {
      line: 5,
      column: 1,
      path: "shemes",
      problem: "there is no field shemes",
      remedy: "did you mean schemes?",
    },
  },
  {
    name: "an unknown field in a group",
    text: small.replace("  region:", "  regoin:"),
    problem: { line: 9, column: 3, path: "process.regoin", remedy: "did you mean region?" },
  },
  {
    name: "an unknown field that resembles none",
    text: `${small}colour: red\n`,
    problem: { line: 12, path: "colour", remedy: "remove colour" },
  },
  {
    name: "a missing field",
    text: small.replace("  memory: 512MiB\n", "  version: xen-4.9\n"),
    problem: {
      line: 4,
      path: "host.memory",
      problem: "host.memory is missing",
      remedy: "add host.memory, such as 68GiB",
    },
  },
  {
    name: "a missing group",
    text: small.replace(/workload:\n.*\n/, ""),
    problem: { line: 1, path: "workload", problem: "workload is missing", expected: "a group of fields" },
  },
  {
    name: "a size with a misspelt unit",
    text: small.replace("512MiB", "512mb"),
    problem: {
      line: 4,
      column: 11,
      path: "host.memory",
      problem: 'host.memory is "512mb"',
      expected: "a size with one of the units B, KiB, MiB, GiB, TiB",
      remedy: "did you mean 512MiB?",
    },
  },
  {
    name: "a size without a unit",
    text: small.replace("512MiB", "512"),
    problem: { line: 4, path: "host.memory", problem: "host.memory is 512", remedy: "add the unit, such as 512GiB" },
  },
  {
    name: "an unknown scheme",
    text: small.replace("sealed", "seald"),
    problem: {
      line: 5,
      column: 22,
      path: "schemes.1",
      problem: 'schemes.1 is "seald"',
      remedy: "did you mean sealed?",
    },
  },
  {
    name: "a scheme named twice",
    text: small.replace("sealed", "per-frame"),
    problem: { line: 5, path: "schemes", expected: "a list of at least one scheme, each named once" },
  },
  {
    name: "no login at all",
    text: small.replace("logins: 3", "logins: 0"),
    problem: { line: 11, column: 11, path: "workload.logins", expected: "a whole number from 1 on" },
  },
  {
    name: "a text where a number belongs",
    text: small.replace("logins: 3", "logins: many"),
    problem: {
      line: 11,
      path: "workload.logins",
      problem: 'workload.logins is "many"',
      remedy: "write a value such as 100",
    },
  },
  {
    name: "a deadline without a unit",
    text: `${small}deadline: 60\n`,
    problem: { line: 12, path: "deadline", remedy: "add the unit, such as 60s" },
  },
  {
    name: "an unknown profile",
    text: `${small}profile: modem\n`,
    problem: { line: 12, path: "profile", expected: "one of xeon-x5570-2009, modern", remedy: "did you mean modern?" },
  },
  {
    name: "a private region",
    text: small.replace("region: 64MiB", "region: 64MiB\n  shared: false"),
    problem: { line: 10, path: "process.shared", problem: "process.shared is false" },
  },
  {
    name: "a region of half a superpage",
    text: small.replace("64MiB", "65MiB"),
    problem: { line: 9, path: "process.region", expected: "a multiple of 2 MiB", remedy: "round it to 66 MiB" },
  },
  {
    name: "a guest larger than its host",
    text: small.replace("448MiB", "1GiB"),
    problem: { line: 7, path: "guest.memory", problem: "a guest of 1 GiB does not fit a host of 512 MiB" },
  },
  {
    name: "a pool larger than its guest",
    text: `${small}pool:\n  hugepages: 300\n`,
    problem: { line: 13, path: "pool.hugepages", problem: "300 hugepages (600 MiB) do not fit a guest of 448 MiB" },
  },
  {
    name: "a region larger than its pool",
    text: `${small}pool:\n  hugepages: 31\n`,
    problem: { line: 9, path: "process.region", expected: "at least 32 hugepages" },
  },
  {
    name: "lowmem in a 64-bit guest",
    text: small.replace("448MiB", "448MiB\n  lowmem: 64MiB"),
    problem: { line: 8, path: "guest.lowmem", remedy: "remove guest.lowmem or set guest.style to 32-bit" },
  },
  {
    name: "a Xen without superpages",
    text: small.replace("512MiB", "512MiB\n  version: xen-4.17"),
    problem: { line: 5, path: "host.version" },
  },
  {
    name: "text that is no YAML",
    text: "name: small\nhost: [1, 2\n",
    problem: { path: "", expected: "a YAML or JSON file" },
  },
  {
    name: "a field given twice",
    text: `${small}name: other\n`,
    problem: { line: 12, path: "", expected: "a YAML or JSON file" },
  },
  { name: "an empty file", text: "", problem: { line: 1, problem: "holds no fields" } },
  { name: "a list", text: "- a\n- b\n", problem: { line: 1, problem: "holds no fields" } },
];

describe("a scenario that is wrong", () => {
  test.each(cases)("names file, line and field: $name", ({ text, problem }) => {
    const [first] = problemsOf(text);
    expect(first).toMatchObject({ file: "small.yaml", ...problem });
    for (const part of [first?.problem, first?.expected, first?.remedy]) expect(part).not.toBe("");
  });

  test("reports every problem of the same kind at once", () => {
    const text = small.replace("64MiB", "64mb").replace("logins: 3", "logins: -1").replace("448MiB", "no");
    expect(problemsOf(text).map(({ line }) => line)).toEqual([7, 9, 11]);
  });

  test("prints place, finding, expectation and remedy", () => {
    expect(() => readScenario(small.replace("512MiB", "512mb"), { file: "small.yaml" })).toThrow(
      'small.yaml:4:11: host.memory is "512mb"\n' +
        "  expected: a size with one of the units B, KiB, MiB, GiB, TiB\n" +
        "  do: did you mean 512MiB?",
    );
  });
});

const wrongSets: readonly (readonly [string, Partial<ScenarioProblem>])[] = [
  [
    "process.region=64mb",
    { path: "process.region", problem: 'process.region is "64mb"', remedy: "did you mean 64MiB?" },
  ],
  ["process.regoin=64MiB", { path: "process.regoin", remedy: "did you mean region?" }],
  ["host=4GiB", { path: "host", expected: "a group of fields" }],
  [
    "process.region.size=1",
    { path: "process.region.size", remedy: "set process.region itself: --set process.region=64GiB" },
  ],
  [
    "schemes=[per-frame",
    { path: "schemes", remedy: "quote it for the shell, such as --set 'schemes=[per-frame, sealed]'" },
  ],
  ["schemes.1=none", { path: "schemes.1", problem: 'schemes.1 is "none"' }],
  ["guest.memory=1GiB", { path: "guest.memory", problem: "a guest of 1 GiB does not fit a host of 512 MiB" }],
  ["host.memory=128MiB", { path: "host.memory", problem: "a guest of 448 MiB does not fit a host of 128 MiB" }],
  ["process.region=1GiB", { path: "process.region" }],
  ["__proto__.polluted=1", { path: "__proto__" }],
];

describe("an override that is wrong", () => {
  test.each(wrongSets)("names the flag: --set %s", (set, problem) => {
    const [first] = problemsOf(small, [set]);
    expect(first).toMatchObject({ flag: `--set ${set}`, ...problem });
    expect(first).not.toHaveProperty("file");
  });

  test("is no override at all without a path or an equals sign", () => {
    expect(parseOverride("process.region", "--set")).toBeUndefined();
    expect(parseOverride("=64MiB", "--set")).toBeUndefined();
  });
});
