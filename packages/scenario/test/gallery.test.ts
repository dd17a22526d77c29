import { beforeAll, describe, expect, test } from "vitest";
import {
  isLoginStorm,
  parseOverride,
  readScenario,
  runScenario,
  scenarioResult,
  shippedScenario,
  shippedScenarioNames,
  type AnyResult,
  type Machine,
} from "../src/index.ts";

// Every scenario of the gallery, held to what its own file expects. Those that take minutes at full size are made smaller
// here; their expectations are formulas that hold at any size, but for the few that are listed with the reason.

const machine: Machine = { runtime: "test", platform: "test", cpu: "test", cpus: 1, memoryBytes: 0 };

interface Size {
  readonly sets: readonly string[];
  /** Expectations of the full size alone. */
  readonly fullSizeOnly?: readonly string[];
}

const host = ["host.memory=1GiB", "guest.memory=768MiB"];
const storm = [...host, "pool.hugepages=128", "process.region=256MiB", "workload.logins=3"];
const sizes: Readonly<Record<string, Size>> = {
  "fork-64g": { sets: storm, fullSizeOnly: ["logins.inTime"] },
  "fork-64g-private": { sets: ["host.memory=2GiB", "guest.memory=1536MiB", "let.region=1GiB"] },
  "fork-4k": { sets: ["let.region=32MiB"] },
  "redis-snapshot": { sets: [...host, "let.data=64MiB", "let.written=8MiB"] },
  "login-storm": { sets: storm, fullSizeOnly: ["logins.inTime", "logins.last"] },
  "db-restart": { sets: [...host, "let.sga=256MiB"] },
  "db-restart-unmarked": { sets: [...host, "let.sga=256MiB"] },
  "host-1t": { sets: storm, fullSizeOnly: ["logins.inTime"] },
};

function play(name: string): AnyResult {
  const { sets } = sizes[name] ?? { sets: [] };
  const overrides = sets.map((set) => parseOverride(set, "--set")).filter((override) => override !== undefined);
  const scenario = readScenario(shippedScenario(name) ?? "", { file: name, overrides });
  const runs = scenario.schemes.map((scheme) => runScenario(scenario, { scheme, now: () => 0, warmUps: 0 }));
  return scenarioResult(scenario, machine, runs);
}

describe.each(shippedScenarioNames)("%s", (name) => {
  const { fullSizeOnly = [] } = sizes[name] ?? {};
  let result: AnyResult;
  beforeAll(() => {
    result = play(name);
  }, 60_000);

  test("does what its file expects under every scheme", () => {
    const held = result.expectations.filter(({ what }) => !fullSizeOnly.includes(what));
    expect(held.length).toBeGreaterThan(0);
    expect(held.filter((judgement) => !judgement.held)).toEqual([]);
  });

  test("expects something under every scheme that it runs", () => {
    expect(new Set(result.expectations.map(({ scheme }) => scheme))).toEqual(new Set(result.settings.schemes));
  });

  test("balances its books", () => {
    for (const { audit, destroy, multicallFailures } of result.runs) {
      expect({ audit: audit.differences, multicallFailures }).toEqual({ audit: 0, multicallFailures: 0 });
      expect(destroy.framesAfter).toBe(destroy.framesBefore);
    }
  });

  test("says in its file what it shows, what to look at, and what it rests on", () => {
    const text = shippedScenario(name) ?? "";
    expect(text.startsWith(`# ${name}: `)).toBe(true);
    expect(text).toContain(`\nname: ${name}\n`);
    expect(text).toMatch(/linux-facts §\d/);
    expect(result.settings.description).toMatch(/^.{30,110}$/);
    expect(isLoginStorm(result.settings) || text.includes("What to look at")).toBe(true);
  });
});

test("every scenario that is made smaller is one of the gallery", () => {
  expect(shippedScenarioNames).toEqual(expect.arrayContaining(Object.keys(sizes)));
});
