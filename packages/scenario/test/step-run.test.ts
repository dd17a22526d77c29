import { describe, expect, test } from "vitest";
import {
  readScenario,
  runScenario,
  ScenarioError,
  scenarioResult,
  schemeNames,
  setUpLines,
  svgReport,
  type Machine,
  type SchemeName,
  type SchemeRun,
  type StepsRun,
} from "../src/index.ts";

const head = `name: small
host: { memory: 96MiB }
guest: { memory: 64MiB }
let: { pages: 4 }
`;
const prepare = `steps:
  - echo {pages} > /proc/sys/vm/nr_hugepages
  - spawn db
  - mmap 1 {pages * 2MiB} shared hugetlb
  - touch 1 m1
`;
const storm = `process: { region: 8MiB }
workload: { logins: 2 }
`;

function run(text: string, scheme: SchemeName = "sealed"): SchemeRun | StepsRun {
  return runScenario(readScenario(text, { file: "small.yaml" }), { scheme, now: () => 0, warmUps: 0 });
}

describe.each(schemeNames)("%s", (scheme) => {
  test("counts a measured step by itself, as a login storm counts its first fork", () => {
    const steps = run(`${head}${prepare}  - { measure: fork 1, as: fork }\n`, scheme);
    const login = run(`${head}${storm}`, scheme) as SchemeRun;
    expect(steps.steps.at(-1)?.operation?.events).toEqual(login.fork.events);
    expect(steps.steps.slice(0, -1).map(({ operation }) => operation)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("audits the host after the steps, and loses no frame", () => {
    const { audit, destroy, phases } = run(`${head}${prepare}  - fork 1\n`, scheme);
    expect(phases.map(({ phase }) => phase)).toEqual(["boot", "steps", "destroy"]);
    expect(audit).toEqual({ differences: 0, audits: 3 });
    expect(destroy.framesAfter).toBe(destroy.framesBefore);
  });
});

test("steps after a login storm find its sessions, and may end them", () => {
  const steps = `steps:\n  - { run: ps, prints: "2 1 * session" }\n  - exit 2\n  - exit 1\n`;
  const scenario = readScenario(`${head}${storm}${steps}`, { file: "small.yaml" });
  const played = runScenario(scenario, { scheme: "sealed", now: () => 0, warmUps: 0 });
  expect(played.phases.map(({ phase }) => phase)).toEqual([
    "boot",
    "pool",
    "map",
    "fork",
    "exec",
    "logins",
    "steps",
    "exits",
    "destroy",
  ]);
  expect(played.steps[0]?.output).toHaveLength(4);
  expect(played.destroy.framesAfter).toBe(played.destroy.framesBefore);
});

test("a step that is refused against expectation is the last", () => {
  const { steps } = run(`${head}${prepare}  - mmap 1 2MiB shared hugetlb\n  - ps\n`);
  expect(steps).toHaveLength(5);
  expect(steps.at(-1)).toMatchObject({ refusal: "ENOMEM", errors: ["mmap: ENOMEM"] });
});

test("a step that is refused as expected is not, nor is one that should have been refused and works", () => {
  const { steps } = run(
    `${head}${prepare}  - { run: mmap 1 2MiB shared hugetlb, refused: ENOMEM }\n  - { run: ps, refused: EIO }\n  - ps\n`,
  );
  expect(steps.map(({ refusal }) => refusal)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    "ENOMEM",
    undefined,
    undefined,
  ]);
});

test("commands that are measured together end with the first that is refused", () => {
  const measured = "  - { measure: [fork 1, mmap 1 2MiB shared hugetlb, ps], as: both, refused: ENOMEM }\n";
  const { steps } = run(`${head}${prepare}${measured}`);
  expect(steps.at(-1)?.commands).toEqual(["fork 1", "mmap 1 2MiB shared hugetlb"]);
  expect(steps.at(-1)?.refusal).toBe("ENOMEM");
});

test("a command whose arguments turn out to be wrong is a problem of the scenario, with its line", () => {
  expect(() => run(`${head}${prepare}  - fork 7\n`)).toThrow(ScenarioError);
  expect(() => run(`${head}${prepare}  - fork 7\n`)).toThrow(/^10: fork 7: fork: 7: there is no such process/);
});

test("the set-up of a scenario of steps ends before the first that is measured or refused", () => {
  const lines = ["echo 4 > /proc/sys/vm/nr_hugepages", "spawn db", "mmap 1 8388608 shared hugetlb", "touch 1 m1"];
  const read = (more: string): readonly string[] =>
    setUpLines(readScenario(`${head}${prepare}${more}`, { file: "small.yaml" }));
  expect(read("  - { measure: fork 1, as: fork }\n  - ps\n")).toEqual(lines);
  expect(read("  - { run: touch 1 0, refused: SIGSEGV }\n  - ps\n")).toEqual(lines);
  expect(read("  - ps\n")).toEqual([...lines, "ps"]);
});

test("a chart has a panel for each measured step, and none for a storm that there was not", () => {
  const scenario = readScenario(`${head}${prepare}  - { measure: fork 1, as: myFork }\n`, { file: "small.yaml" });
  const machine: Machine = { runtime: "test", platform: "test", cpu: "test", cpus: 1, memoryBytes: 0 };
  let ns = 0;
  const played = runScenario(scenario, { scheme: "sealed", now: () => (ns += 1000) });
  const chart = svgReport(scenarioResult(scenario, machine, [played]));
  expect(chart).toContain("small: myFork");
  expect(chart).not.toContain("logins answered");
});
