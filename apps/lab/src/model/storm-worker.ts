import {
  type ProfileName,
  type RunProgress,
  type SchemeName,
  type SchemeRun,
  parseOverride,
  readLoginStorm,
  runScenario,
  shippedScenarios,
} from "@xsp/scenario";
import { answerCalls } from "./worker-calls.ts";

/** One scheme of a storm. */
interface StormOrder {
  readonly scheme: SchemeName;
  /** The region in GiB. */
  readonly gib: number;
  readonly logins: number;
  readonly deadline: string;
  readonly profile: ProfileName;
}

/** The shipped scenario with other sizes: what is not the region is as large as it is there. */
function overridesOf({ gib, logins, deadline, profile }: StormOrder): string[] {
  return [
    `process.region=${gib}GiB`,
    `pool.hugepages=${gib * 512}`,
    `guest.memory=${gib + 2}GiB`,
    `host.memory=${gib + 4}GiB`,
    `workload.logins=${logins}`,
    `deadline=${deadline}`,
    `profile=${profile}`,
  ];
}

const handlers = {
  run(order: StormOrder, progress: (value: RunProgress) => void): SchemeRun {
    const overrides = overridesOf(order).flatMap((text) => parseOverride(text, "the lab") ?? []);
    const scenario = readLoginStorm(shippedScenarios["fork-64g"] ?? "", { file: "fork-64g", overrides });
    return runScenario(scenario, {
      scheme: order.scheme,
      now: () => performance.now() * 1e6,
      warmUps: 1,
      onProgress: progress,
    });
  },
};

/** What this worker can be asked. */
export type StormCalls = typeof handlers;

answerCalls(handlers);
