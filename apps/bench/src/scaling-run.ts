import { runSchemeProcess } from "@xsp/cli";
import { readLoginStorm, shippedScenario, type LoginStorm, type SchemeName, type SchemeRun } from "@xsp/scenario";
import type { BenchSize } from "./bench-size.ts";
import { overridesOf, runCommand } from "./scenario-run.ts";
import { scalingFits, scalingPoint, type LeftOut, type ScalingPoint, type ScalingResult } from "./scaling-result.ts";

const MiB = 2 ** 20;
const hugepageBytes = 2 * MiB;

// What a run was seen to need: 10 bytes a frame of accounting, and the contents of the direct map's tables, the P2M and
// the buddy's links; at 64 GiB 40 bytes a frame in all, at 1 TiB 30.
const bytesPerFrame = 45;
const baseBytes = 150 * MiB;

/**
 * What the scenario fork-64g is changed to for a host of another size. A 32nd of it is left to Xen and the guest each, and
 * never less than their fixed needs.
 */
export function scalingSets(hostBytes: number, logins: number): readonly string[] {
  const spare = Math.max(hostBytes / 32, 256 * MiB);
  const regionBytes = hostBytes - 2 * spare;
  return [
    `host.memory=${hostBytes / MiB}MiB`,
    `guest.memory=${(hostBytes - spare) / MiB}MiB`,
    `pool.hugepages=${regionBytes / hugepageBytes}`,
    `process.region=${regionBytes / MiB}MiB`,
    `workload.logins=${logins}`,
  ];
}

/** What a host needs of this machine's memory, in bytes; roughly, and rather too much. */
export function neededBytes(hostBytes: number): number {
  return (hostBytes / 4096) * bytesPerFrame + baseBytes;
}

/** Runs every host of the size that this machine has memory for, each in a process of its own. */
export async function runScaling(
  { scaling: { hosts, logins } }: BenchSize,
  tell: (what: string) => void,
): Promise<ScalingResult> {
  const points: ScalingPoint[] = [];
  const leftOut: LeftOut[] = [];
  for (const { hostBytes, schemes, runs } of hosts) {
    const sets = scalingSets(hostBytes, logins);
    for (const scheme of schemes) {
      const [needed, available] = [neededBytes(hostBytes), process.availableMemory()];
      if (needed > available) {
        leftOut.push({ hostBytes, scheme, neededBytes: needed, availableBytes: available });
        continue;
      }
      tell(`scaling: a host of ${hostBytes / MiB} MiB, ${scheme}`);
      // oxlint-disable-next-line no-await-in-loop -- one process at a time, or they would time each other
      points.push(scalingPoint(hostBytes, await runOne(sets, scheme, runs), runCommand(sets, [scheme])));
    }
  }
  return { points, fits: scalingFits(points), leftOut };
}

async function runOne(sets: readonly string[], scheme: SchemeName, count: number): Promise<readonly SchemeRun[]> {
  const scenario: LoginStorm = readLoginStorm(shippedScenario("fork-64g") ?? "", {
    file: "fork-64g",
    overrides: overridesOf(sets),
  });
  const runs: SchemeRun[] = [];
  while (runs.length < count) {
    // oxlint-disable-next-line no-await-in-loop -- as above
    runs.push(await runSchemeProcess({ scenario, scheme, profile: scenario.profile }));
  }
  return runs;
}
