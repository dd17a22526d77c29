import type { ExpansionPool } from "@xsp/checker";
import { readScenario, runScenario, shippedScenario } from "@xsp/scenario";
import {
  type ModelCheck,
  adversaryGeometries,
  checkModel,
  modelByName,
  recordEpisode,
  runAdversary,
} from "@xsp/verify";

/*
 * One run of each kind as JSON, with nothing left out but the time, which is an argument here and stands still. A test
 * holds what comes out against itself on another machine: Node, and Chromium with this file bundled.
 */

/** Checks small enough for a page: what holds, and what is violated, with the counterexample and its token. */
const CHECKS = [
  ["mark-mark", "sealed"],
  ["map-map-unmap", "xen-4.1"],
  ["map-map-unmap", "rfc"],
] as const;

/** A check as JSON. */
function checkAsJson(model: string, scheme: string, pool?: ExpansionPool): string {
  const check: ModelCheck = checkModel(modelByName(model), scheme, pool === undefined ? {} : { pool });
  return JSON.stringify(check);
}

/** The checks alone, with or without other threads. */
export function checkRuns(pool?: ExpansionPool): Record<string, string> {
  return Object.fromEntries(
    CHECKS.map(([model, scheme]) => [`check ${model} ${scheme}`, checkAsJson(model, scheme, pool)]),
  );
}

/** What makes the 64 GiB of `fork-64g` into 64 MiB. */
const SMALL = {
  "host.memory": "256MiB",
  "guest.memory": "192MiB",
  "pool.hugepages": "32",
  "process.region": "64MiB",
  "workload.logins": "4",
};

/** A small login storm, with references taken frame by frame and on superpages. */
function scenarioAsJson(scheme: "per-frame" | "sealed"): string {
  const scenario = readScenario(shippedScenario("fork-64g") ?? "", {
    file: "fork-64g",
    overrides: Object.entries(SMALL).map(([path, value]) => ({ path, value, flag: path })),
  });
  return JSON.stringify(runScenario(scenario, { scheme, now: () => 0 }));
}

/** Two hostile guests: what is found of them, with the shrunk trace, and an episode as it was recorded. */
function fuzzAsJson(scheme: "sealed" | "rfc"): string {
  const machine = { ...adversaryGeometries.small, scheme, version: "xen-4.9", superpagesAllowed: true } as const;
  const found = runAdversary({ machine, seed: 7, operations: 4000 });
  return JSON.stringify([found, recordEpisode(machine, 7, 0, 300)]);
}

/** Everything, by what it is. */
export function deterministicRuns(): Record<string, string> {
  return {
    "run per-frame": scenarioAsJson("per-frame"),
    "run sealed": scenarioAsJson("sealed"),
    "fuzz sealed": fuzzAsJson("sealed"),
    "fuzz rfc": fuzzAsJson("rfc"),
    ...checkRuns(),
  };
}
