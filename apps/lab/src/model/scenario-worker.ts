import {
  type Judgement,
  type ProfileName,
  type RunProgress,
  type Scenario,
  type SchemeName,
  type SchemeRun,
  type StepsRun,
  isLoginStorm,
  judge,
  parseOverride,
  readLoginStorm,
  readScenario,
  runScenario,
  shippedScenario,
  shippedScenarioNames,
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

/** Scenarios that need more memory than a page should take are left to the command line. */
const MOST_MEMORY = 72 * 2 ** 30;

/** A shipped scenario that consists of steps. */
interface StepScenarioInfo {
  readonly name: string;
  readonly description: string;
  readonly schemes: readonly SchemeName[];
  /** Modelled memory of the host. */
  readonly memoryBytes: number;
}

/** One scheme's run of it, and whether what the file expects came true. */
export interface PlayedScenario {
  readonly run: StepsRun;
  readonly expectations: readonly Judgement[];
}

function read(name: string): Scenario {
  const text = shippedScenario(name);
  if (text === undefined) throw new RangeError(`there is no scenario “${name}” here`);
  return readScenario(text, { file: name });
}

const handlers = {
  stepScenarios: (): StepScenarioInfo[] =>
    shippedScenarioNames
      .map(read)
      .filter((scenario) => !isLoginStorm(scenario) && scenario.host.memoryBytes <= MOST_MEMORY)
      .map(({ name, description, schemes, host }) => ({ name, description, schemes, memoryBytes: host.memoryBytes })),

  play({ name, scheme }: { name: string; scheme: SchemeName }, progress: (value: RunProgress) => void): PlayedScenario {
    const scenario = read(name);
    const run = runScenario(scenario, { scheme, now: () => performance.now() * 1e6, onProgress: progress });
    return { run, expectations: judge(scenario, [run]) };
  },

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
export type ScenarioCalls = typeof handlers;

answerCalls(handlers);
