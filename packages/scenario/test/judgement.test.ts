import { describe, expect, test } from "vitest";
import {
  comparePublished,
  judge,
  type Expectation,
  type OperationRun,
  type Scenario,
  type SchemeName,
  type Step,
  type StepRun,
  type StepsRun,
} from "../src/index.ts";

function operation(modelledNs: number, superpageGets: number): OperationRun {
  return { wallNs: 1, modelledNs, events: { superpageGets } as OperationRun["events"] };
}

function runOf(scheme: SchemeName, steps: readonly StepRun[], multicallFailures = 0): StepsRun {
  return {
    scheme,
    boot: { wallNs: 1 },
    pool: { hugepages: 0, marked: 0, wallNs: 0 },
    steps,
    multicallFailures,
    audit: { differences: 0, audits: 3 },
    destroy: { wallNs: 1, framesBefore: 100, framesAfter: 100 },
    phases: [],
    bytesPerFrame: 10,
    peakRssBytes: 0,
  };
}

function scenarioOf(parts: Partial<Pick<Scenario, "steps" | "expect" | "published">>): Scenario {
  return {
    name: "judged",
    description: "",
    host: { memoryBytes: 2 ** 29, version: "xen-4.9", superpageOrder: 9 },
    schemes: ["per-frame", "sealed"],
    guest: { style: "64-bit", memoryBytes: 2 ** 28, populate: "superpages", balloonHugepages: false },
    pool: { hugepages: 0, mark: true },
    let: { region: 2 ** 26 },
    steps: [],
    expect: [],
    published: [],
    profile: "modern",
    ...parts,
  };
}

const measured: Step = { commands: ["fork 1"], as: "fork", prints: [] };
const runs = [
  runOf("per-frame", [{ commands: ["fork 1"], output: [], errors: [], operation: operation(4e9, 0) }]),
  runOf("sealed", [{ commands: ["fork 1"], output: [], errors: [], operation: operation(1e6, 32) }]),
];

describe("an expectation", () => {
  const judged = (expectation: Omit<Expectation, "line">, of = runs) =>
    judge(scenarioOf({ steps: [measured], expect: [{ ...expectation, line: 7 }] }), of);

  test("is judged under every scheme, with what came out", () => {
    expect(judged({ what: "fork.events.superpageGets", bounds: { is: "region / 2MiB" } })).toEqual([
      { what: "fork.events.superpageGets", scheme: "per-frame", held: false, expected: "32", got: "0", line: 7 },
      { what: "fork.events.superpageGets", scheme: "sealed", held: true, expected: "32", got: "32", line: 7 },
    ]);
  });

  test("is judged under the schemes that it names only", () => {
    expect(judged({ what: "fork.modelled", bounds: { atMost: "2ms" }, under: ["sealed"] })).toMatchObject([
      { scheme: "sealed", held: true, expected: "≤ 2 ms", got: "1 ms" },
    ]);
  });

  test.each<[Expectation["bounds"], boolean, string]>([
    [{ atLeast: "4000" }, true, "≥ 4,000"],
    [{ atLeast: "4001" }, false, "≥ 4,001"],
    [{ atMost: "4000" }, true, "≤ 4,000"],
    [{ atMost: "3999" }, false, "≤ 3,999"],
    [{ atLeast: "1", atMost: "10000" }, true, "≥ 1 and ≤ 10,000"],
    [{ atLeast: "1", atMost: "10" }, false, "≥ 1 and ≤ 10"],
  ])("compares two schemes within %j: %j", (bounds, held, expected) => {
    const what = "fork.modelled / fork.modelled@sealed";
    expect(judged({ what, bounds, under: ["per-frame"] })).toMatchObject([{ held, expected, got: "4,000" }]);
  });

  test("is left out when a scheme that it compares with was not run", () => {
    const what = "fork.modelled / fork.modelled@sealed";
    expect(judged({ what, bounds: { atLeast: "1" } }, runs.slice(0, 1))).toEqual([]);
  });

  test("is missed when the run ended before its step", () => {
    const [ended] = judged({ what: "fork.modelled", bounds: { atLeast: "1s" } }, [runOf("sealed", [])]);
    expect(ended).toMatchObject({ held: false, got: "not reached" });
  });
});

describe("a step", () => {
  const step: Step = { commands: ["touch 1 m1"], prints: ["HugePages_Free: 1"], line: 3 };
  const ran: StepRun = { commands: ["touch 1 m1"], output: ["HugePages_Free:        1"], errors: [] };
  const judged = (judgedStep: Step, run?: StepRun, failures = 0) =>
    judge(scenarioOf({ steps: [judgedStep] }), [runOf("sealed", run === undefined ? [] : [run], failures)]);

  test("that just works is not spoken of", () => {
    expect(judged({ ...step, prints: [] }, ran)).toEqual([]);
  });

  test("that prints what was expected shows the line", () => {
    expect(judged(step, ran)).toEqual([
      {
        what: "touch 1 m1",
        scheme: "sealed",
        held: true,
        expected: "HugePages_Free: 1",
        got: "HugePages_Free: 1",
        line: 3,
      },
    ]);
  });

  test("that prints something else shows the line that begins with the same word", () => {
    const other = { ...ran, output: ["HugePages_Total:       4", "HugePages_Free:        2"] };
    expect(judged(step, other)).toMatchObject([{ held: false, got: "HugePages_Free: 2" }]);
    expect(judged(step, { ...ran, output: ["other"] })).toMatchObject([{ held: false, got: "no such line" }]);
    expect(judged(step, { ...ran, output: [] })).toMatchObject([{ held: false, got: "prints nothing" }]);
  });

  test.each<[string | undefined, string | undefined, boolean, string, string]>([
    ["SIGBUS", "SIGBUS", true, "refused: SIGBUS", "refused: SIGBUS"],
    ["SIGBUS", "ENOMEM", false, "refused: SIGBUS", "refused: ENOMEM"],
    ["SIGBUS", undefined, false, "refused: SIGBUS", "works"],
    [undefined, "ENOMEM", false, "works", "refused: ENOMEM"],
  ])("expected to end with %s that ends with %s held: %j", (refused, refusal, held, expected, got) => {
    const wanted = { ...step, prints: [], ...(refused === undefined ? {} : { refused }) };
    expect(judged(wanted, { ...ran, ...(refusal === undefined ? {} : { refusal }) })).toMatchObject([
      { held, expected, got },
    ]);
  });

  test("that was not reached misses what it was to show", () => {
    expect(judged({ ...step, refused: "SIGBUS" })).toMatchObject([
      { held: false, expected: "HugePages_Free: 1", got: "not reached" },
      { held: false, expected: "refused: SIGBUS", got: "not reached" },
    ]);
  });

  test("in which a hypercall of the kernel failed is a miss even if it seems to work", () => {
    expect(judged({ ...step, prints: [] }, ran, 2)).toMatchObject([
      { what: "hypercalls of the guest's kernel", held: false, expected: "none fails", got: "2 failed (see dmesg)" },
    ]);
  });
});

describe("a published figure", () => {
  const published = [{ what: "fork.modelled / 4", figure: "500ms", source: "somebody" }];

  test("stands beside what the model says, with the ratio", () => {
    expect(comparePublished(scenarioOf({ steps: [measured], published }), runs)).toEqual([
      {
        what: "fork.modelled / 4",
        scheme: "per-frame",
        model: "1 s",
        published: "500 ms",
        ratio: 2,
        source: "somebody",
      },
      {
        what: "fork.modelled / 4",
        scheme: "sealed",
        model: "250 µs",
        published: "500 ms",
        ratio: 0.0005,
        source: "somebody",
      },
    ]);
  });

  test("is left out for a run that ended before its step", () => {
    expect(comparePublished(scenarioOf({ steps: [measured], published }), [runOf("sealed", [])])).toEqual([]);
  });
});
