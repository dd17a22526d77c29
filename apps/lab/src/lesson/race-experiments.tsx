import { gallery } from "virtual:gallery";
import { formatCount, formatDuration } from "@xsp/scenario";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Explored } from "../model/exploration.ts";
import type { Story } from "../model/story.ts";
import type { WholeOperation } from "../model/turns.ts";
import { verifyCalls } from "../model/verify-calls.ts";
import { writeFragment } from "../route.ts";
import { Lanes } from "../stepper/lanes.tsx";
import { refusalAtEnd } from "../stepper/refusals.ts";
import { StepDetail } from "../stepper/step-detail.tsx";
import { Transport } from "../stepper/transport.tsx";
import { Verdict } from "../stepper/verdict.tsx";
import { Experiment } from "./experiment.tsx";

interface SequenceProps {
  readonly scheme: string;
  readonly model: string;
  readonly operations: readonly WholeOperation[];
}

/** Whole hypercalls, one after another: no race. */
export function SequenceExperiment({ scheme, model, operations }: SequenceProps): VNode {
  const run = async (): Promise<Story> =>
    verifyCalls.call("story", await verifyCalls.call("performed", { scheme, model, operations }));
  return <Experiment name="Make the hypercalls" run={run} show={(story) => <Sequence story={story} />} />;
}

function Sequence({ story }: { story: Story }): VNode {
  const refusal = refusalAtEnd(story);
  return (
    <>
      <ol class="answers">
        {story.steps
          .filter(({ notes }) => notes.length > 0)
          .map(({ notes, step }, index) => (
            <li key={index}>
              vCPU {step.vcpu}: <code>{notes.join(", ")}</code>
            </li>
          ))}
      </ol>
      {story.violated.length === 0 && refusal?.why !== undefined ? (
        <div class="refusal">
          <p>
            <code>{refusal.announced}</code>: {refusal.why}
          </p>
        </div>
      ) : (
        <Verdict story={story} heading="h2" />
      )}
      <p>
        <a href={writeFragment("step", { token: story.token })}>See every access of it</a>
      </p>
    </>
  );
}

/** The counterexample of the gallery for a scheme and a property. */
function counterexample(scheme: string, property: string): (typeof gallery)[number] {
  const found = gallery.find((entry) => entry.scheme === scheme && entry.property === property);
  if (found === undefined) throw new Error(`the gallery has no ${scheme} ${property}: expected it in the findings`);
  return found;
}

/** A counterexample, to be stepped through in place. */
export function RaceExperiment({ scheme, property }: { scheme: string; property: string }): VNode {
  const { token } = counterexample(scheme, property);
  const run = (): Promise<Story> => verifyCalls.call("story", token);
  return <Experiment name="Replay the race" run={run} show={(story) => <Race story={story} />} />;
}

function Race({ story }: { story: Story }): VNode {
  const [at, setAt] = useState(0);
  const last = story.steps.length;
  const move = (to: number): void => setAt(Math.max(0, Math.min(last, to)));
  return (
    <div class="stepper">
      <p class="small">{story.paragraph}</p>
      <Transport story={story} at={at} last={last} onMove={move} />
      <div class="halves">
        <Lanes story={story} at={at} onMove={move} />
        <StepDetail story={story} at={at} />
      </div>
      {at === last ? <Verdict story={story} heading="h2" /> : null}
    </div>
  );
}

/** Every interleaving of the model of a counterexample, explored under another scheme. */
export function ExplorationExperiment({
  of,
  property,
  scheme,
}: {
  of: string;
  property: string;
  scheme: string;
}): VNode {
  const { model } = counterexample(of, property);
  const run = (): Promise<Explored> => verifyCalls.call("explored", { model, scheme });
  return (
    <Experiment
      name={`Explore every interleaving of ${model}`}
      run={run}
      show={(result) => <Explanation result={result} />}
    />
  );
}

function Explanation({ result }: { result: Explored }): VNode {
  return (
    <>
      <p>
        <strong>
          {result.model} under {result.scheme}: {result.verdict}
        </strong>{" "}
        in {formatCount(result.states)} states and {formatCount(result.transitions)} transitions, explored here in{" "}
        {formatDuration(result.wallNs)}.
      </p>
      <ul>
        {result.properties.map(({ name, meaning, verdict }) => (
          <li key={name}>
            <strong>{name === "error" ? "assertions" : name}</strong> {verdict}: {meaning}
          </li>
        ))}
      </ul>
      <p class="small">Within these bounds, and no others: {result.bounds}.</p>
    </>
  );
}
