import { runInProcesses } from "@xsp/cli";
import {
  parseOverride,
  readLoginStorm,
  schemeNames,
  shippedScenario,
  type LoginStorm,
  type SchemeRun,
} from "@xsp/scenario";
import { runMicroProcess } from "./micro-process.ts";

const superpages = 512;
const hugepages = 32;
const framesPerHugepage = 512;

function smallScenario(): LoginStorm {
  const overrides = [
    "host.memory=512MiB",
    "guest.memory=256MiB",
    "pool.hugepages=32",
    "process.region=64MiB",
    "workload.logins=3",
  ].map((text) => {
    const override = parseOverride(text, "--set");
    if (override === undefined) throw new Error(`${text} is no override`);
    return override;
  });
  return readLoginStorm(shippedScenario("fork-64g") ?? "", { file: "fork-64g", overrides });
}

function expectedCounts(run: SchemeRun): readonly (readonly [string, number, number])[] {
  const perFrame = run.scheme === "per-frame";
  const frames = perFrame ? hugepages * framesPerHugepage : 0;
  const whole = perFrame ? 0 : hugepages;
  const { fork, exec } = run;
  return [
    ["marked hugepages", run.pool.marked, whole],
    ["frameGets of the fork", fork.events.frameGets, frames],
    ["typeGets of the fork", fork.events.typeGets, frames],
    ["superpageGets of the fork", fork.events.superpageGets, whole],
    ["framePuts of the exec", exec.events.framePuts, frames],
    ["typePuts of the exec", exec.events.typePuts, frames],
    ["superpagePuts of the exec", exec.events.superpagePuts, whole],
    ["audit differences", run.audit.differences, 0],
    ["frames lost", run.destroy.framesBefore - run.destroy.framesAfter, 0],
  ];
}

/**
 * Runs everything at a tiny size and checks what was counted. No times are taken: on a shared machine they say nothing.
 *
 * @returns a line for each thing that is not as expected.
 */
export async function smoke(): Promise<readonly string[]> {
  const wrong: string[] = [];
  const { runs } = await runInProcesses(smallScenario());
  for (const run of runs) {
    for (const [name, found, expected] of expectedCounts(run)) {
      if (found !== expected) wrong.push(`${run.scheme}: ${name} ${found}, expected ${expected}`);
    }
  }
  for (const scheme of schemeNames) {
    // oxlint-disable-next-line no-await-in-loop -- two cores at most, and the first failure is the one to read
    await runMicroProcess({ scheme, superpages, mode: "count" });
  }
  return wrong;
}
