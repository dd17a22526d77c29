import { type EventName, type OperationRun, type StepRun, formatCount, formatDuration } from "@xsp/scenario";
import type { VNode } from "preact";
import type { PlayedScenario } from "../model/scenario-worker.ts";

/** The commands of a scenario as they were run under one scheme, what they printed, and what measured ones cost. */
export function Transcript({ played }: { played: PlayedScenario }): VNode {
  const { run, expectations } = played;
  const failed = expectations.filter(({ held }) => !held);
  return (
    <section class="transcript" aria-label={`Under ${run.scheme}`}>
      <h2>{run.scheme}</h2>
      <ol>
        {run.steps.map((step, index) => (
          <li key={index}>
            <Commands step={step} />
            {step.operation === undefined ? null : <Cost operation={step.operation} />}
          </li>
        ))}
      </ol>
      <p>
        {failed.length === 0
          ? `All ${expectations.length} things that the file expects came true.`
          : `${failed.length} of ${expectations.length} things that the file expects did not come true:`}
      </p>
      {failed.length === 0 ? null : (
        <ul>
          {failed.map(({ what, expected, got }) => (
            <li key={what}>
              <code>{what}</code>: expected {expected}, got {got}
            </li>
          ))}
        </ul>
      )}
      <p>
        {run.audit.differences === 0
          ? "The audit found every count right."
          : `The audit found ${formatCount(run.audit.differences)} differences.`}
      </p>
    </section>
  );
}

function Commands({ step }: { step: StepRun }): VNode {
  const said = [...step.output, ...step.errors];
  return (
    <>
      {step.commands.map((command, index) => (
        <div key={index} class="command">
          <code>{command}</code>
        </div>
      ))}
      {said.length === 0 ? null : (
        <pre tabIndex={0} aria-label="What it printed">
          {said.join("\n")}
        </pre>
      )}
      {step.refusal === undefined ? null : (
        <div class="refused">
          <code>{step.refusal}</code>
        </div>
      )}
    </>
  );
}

const eventWords: readonly (readonly [EventName, string])[] = [
  ["hypercalls", "entries into Xen"],
  ["mmuextOps", "mmuext operations"],
  ["pteWrites", "page-table entries written"],
  ["pageFaults", "page faults"],
  ["frameGets", "general references taken on frames"],
  ["typeGets", "type references taken on frames"],
  ["framePuts", "general references given back"],
  ["typePuts", "type references given back"],
  ["superpageGets", "superpages counted up"],
  ["superpagePuts", "superpages counted down"],
];

function Cost({ operation }: { operation: OperationRun }): VNode {
  const counted = eventWords.flatMap(([name, words]) => {
    const times = operation.events[name];
    return times === 0 ? [] : [`${formatCount(times)} ${words}`];
  });
  return (
    <div class="cost">
      <strong>{formatDuration(operation.modelledNs)}</strong> modelled:{" "}
      {counted.length === 0 ? "nothing counted" : counted.join(", ")}.
    </div>
  );
}
