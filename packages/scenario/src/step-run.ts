import type { Guest } from "@xsp/guest";
import type { SchemeName } from "@xsp/hypervisor";
import type { CommandResult } from "./console/command.ts";
import { Console } from "./console/console.ts";
import type { CostProfile } from "./cost-profile.ts";
import { modelledTime } from "./modelled-time.ts";
import type { PhaseRecorder } from "./phase-recorder.ts";
import { ScenarioError } from "./scenario-problem.ts";
import type { Scenario } from "./scenario.ts";
import type { PhaseName, StepRun, StepsRun } from "./scheme-run.ts";
import { expectedRefusal, type Step } from "./step.ts";

/** The exit status of a command line that is wrong by itself. */
const wrongUsage = 2;

/** What steps are played with. */
export interface StepStage {
  readonly scenario: Scenario;
  readonly scheme: SchemeName;
  readonly guest: Guest;
  readonly recorder: PhaseRecorder;
  readonly profile: CostProfile;
  readonly progress: (phase: PhaseName, done?: number, total?: number) => void;
}

/**
 * Plays the steps of a scenario, as one phase, until one is refused that should have worked: what comes after it was
 * written for another state. A step that works and should have been refused is a miss, too, and the next is played.
 *
 * @throws ScenarioError when a command line is wrong, with its line in the file.
 */
export function playSteps(stage: StepStage): Pick<StepsRun, "steps" | "multicallFailures"> {
  const { scenario, guest, recorder } = stage;
  if (scenario.steps.length === 0) return { steps: [], multicallFailures: 0 };
  const before = guest.events().multicallFailures;
  const steps = recorder.record("steps", () => playEach(stage), true);
  return { steps, multicallFailures: guest.events().multicallFailures - before };
}

function playEach({ scenario, scheme, guest, recorder, profile, progress }: StepStage): StepRun[] {
  const console = new Console(recorder.host, guest);
  const runs: StepRun[] = [];
  for (const [at, step] of scenario.steps.entries()) {
    progress("steps", at, scenario.steps.length);
    const { result, wallNs, events } = recorder.measure(() => type(console, step, at));
    const operation = { wallNs, modelledNs: modelledTime(events, profile), events };
    runs.push({ ...result, ...(step.as === undefined ? {} : { operation }) });
    if (result.refusal !== undefined && expectedRefusal(step, scheme) === undefined) break;
  }
  return runs;
}

/** Types the commands of a step until one is refused. */
function type(console: Console, step: Step, at: number): Omit<StepRun, "operation"> {
  const commands: string[] = [];
  const output: string[] = [];
  const errors: string[] = [];
  for (const command of step.commands) {
    const result = console.run(command);
    if (result.status === wrongUsage) throw wrongCommand(step, at, command, result);
    commands.push(command);
    output.push(...result.output);
    errors.push(...result.errors);
    if (result.status !== 0) {
      return { commands, output, errors, refusal: result.refusal ?? `exit status ${result.status}` };
    }
  }
  return { commands, output, errors };
}

function wrongCommand({ line }: Step, at: number, command: string, { errors }: CommandResult): ScenarioError {
  return new ScenarioError([
    {
      ...(line === undefined ? {} : { line }),
      path: `steps.${at}`,
      problem: `${command}: ${errors.join("; ")}`,
      expected: "a command that the console understands",
      remedy: "mend the step; xsp shell tries commands out",
    },
  ]);
}
