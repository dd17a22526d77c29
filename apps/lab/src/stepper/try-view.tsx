import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { goTo } from "../location.ts";
import type { Story } from "../model/story.ts";
import type { Turn } from "../model/turns.ts";
import { useAnswer } from "../model/use-answer.ts";
import { verifyCalls } from "../model/verify-calls.ts";
import { writeFragment } from "../route.ts";
import { IssueButton } from "./issue-dialog.tsx";
import { Lanes } from "./lanes.tsx";
import { refusalAtEnd } from "./refusals.ts";
import { StepDetail } from "./step-detail.tsx";
import { TokenProblem } from "./step-view.tsx";
import { sentence } from "../sentence.ts";

/** Choosing by hand which vCPU moves next. The token in the address is all that was done so far. */
export function TryView({ token }: { token: string | undefined }): VNode {
  return token === undefined ? <ChooseModel /> : <Trial token={token} />;
}

function ChooseModel(): VNode {
  const answer = useAnswer(() => verifyCalls.call("playables", undefined), []);
  const [model, setModel] = useState("map-unmark-pin");
  const [scheme, setScheme] = useState("rfc");
  if (answer.state === "failed") return <TokenProblem error={answer.error} />;
  const { models, schemes } = answer.state === "answered" ? answer.value : { models: [], schemes: [] };
  const begin = async (): Promise<void> =>
    goTo("try", { token: await verifyCalls.call("beginning", { model, scheme }) });
  return (
    <section class="page narrow">
      <h1>Try to break in</h1>
      <p class="lead">
        You are the scheduler. Let the vCPUs move one memory access at a time until a guest holds a page table that it
        can write, or until you are convinced that it cannot.
      </p>
      <form
        class="choose"
        onSubmit={(event) => {
          event.preventDefault();
          void begin();
        }}
      >
        <label>
          Model
          <select value={model} onChange={(event) => setModel(event.currentTarget.value)}>
            {models.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <p class="small">{models.find(({ name }) => name === model)?.examines}</p>
        <label>
          Scheme
          <select value={scheme} onChange={(event) => setScheme(event.currentTarget.value)}>
            {schemes.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <button type="submit" class="main" disabled={answer.state !== "answered"}>
          Begin
        </button>
      </form>
      <p class="small">
        A hint for <code>map-unmark-pin</code> under <code>rfc</code>: let vCPU 0 look at the mark, and then let vCPU 1
        take it away before vCPU 0 acts on what it saw. Then try the same under <code>sealed</code>.
      </p>
    </section>
  );
}

interface Position {
  readonly story: Story;
  readonly turns: readonly Turn[];
}

function Trial({ token }: { token: string }): VNode {
  const answer = useAnswer(async (): Promise<Position> => {
    const [story, turns] = await Promise.all([verifyCalls.call("story", token), verifyCalls.call("turns", token)]);
    return { story, turns };
  }, [token]);
  if (answer.state === "waiting") return <p class="page waiting">Replaying the token …</p>;
  if (answer.state === "failed") return <TokenProblem error={answer.error} />;
  return <Board {...answer.value} />;
}

function Board({ story, turns }: Position): VNode {
  const { token } = story;
  const done = story.steps.length;
  const go = async (next: Promise<string>): Promise<void> => goTo("try", { token: await next });
  const move = (vcpu: number, choice: number): void =>
    void go(verifyCalls.call("withMoves", { token, moves: [{ vcpu, choice }] }));
  const finish = (vcpu: number): void => void go(verifyCalls.call("toEndOfOperation", { token, vcpu }));
  const back = (steps: number): void => void go(verifyCalls.call("firstSteps", { token, steps }));
  const broken = story.violated.length > 0;
  return (
    <section class="page stepper">
      <header class="story">
        <p class="kicker">
          {story.model}, {story.scheme}
        </p>
        <Standing story={story} turns={turns} />
      </header>
      <div class="turns">
        {turns.map((turn) => (
          <TurnCard key={turn.vcpu} turn={turn} isOver={broken} onMove={move} onFinish={finish} />
        ))}
      </div>
      <p class="actions">
        <button type="button" disabled={done === 0} onClick={() => back(done - 1)}>
          Undo
        </button>
        <button type="button" disabled={done === 0} onClick={() => back(0)}>
          Begin again
        </button>
        <a href={writeFragment("step", { token })}>See it in the stepper</a>
        <a href={writeFragment("try")}>Another model or scheme</a>
        <IssueButton story={story} />
      </p>
      <div class="halves">
        <Lanes story={story} at={done} />
        <aside>
          <StepDetail story={story} at={done} />
          <p class="small">{story.legend}.</p>
        </aside>
      </div>
    </section>
  );
}

/** Whether somebody is in, was refused, or nobody can move. */
function Standing({ story, turns }: Position): VNode {
  const refusal = refusalAtEnd(story);
  const isOver = turns.every(({ ways }) => ways.length === 0);
  return (
    <div role="status">
      {story.violated.length > 0 ? (
        story.violated.map(({ property, meaning, message }) => (
          <div class="verdict" key={property}>
            <h1>
              {property === "S1" ? "You are in. " : "You broke it. "}
              <span class="property">{property}</span>, {meaning}
            </h1>
            <p>{sentence(message)}</p>
          </div>
        ))
      ) : (
        <h1>{isOver ? "Everybody is done, and every property holds" : "Who moves next?"}</h1>
      )}
      {refusal === undefined ? null : (
        <div class="refusal">
          <p>
            <strong>
              <code>{refusal.announced}</code>
            </strong>{" "}
            {refusal.why === undefined ? "was refused." : `was refused: ${refusal.why}`}
          </p>
          {refusal.saw === undefined ? null : (
            <p class="small">
              It saw this in: <code>{refusal.saw}</code>
            </p>
          )}
        </div>
      )}
    </div>
  );
}

interface TurnCardProps {
  readonly turn: Turn;
  /** Whether a property is broken, so that there is nothing more to win. */
  readonly isOver: boolean;
  readonly onMove: (vcpu: number, choice: number) => void;
  readonly onFinish: (vcpu: number) => void;
}

function TurnCard({ turn, isOver, onMove, onFinish }: TurnCardProps): VNode {
  const { vcpu, program, operation, ways, state, reason } = turn;
  return (
    <section class={`turn lane-${vcpu % 4}`} aria-label={`vCPU ${vcpu}`}>
      <h2>
        vCPU {vcpu} <span>in {program}</span>
      </h2>
      <p class="small">
        {state === "done"
          ? "is done"
          : (reason ?? (operation === undefined ? "chooses what to do:" : `in ${operation}`))}
      </p>
      <div class="ways">
        {ways.map(({ choice, text }) => (
          <button type="button" key={choice} disabled={isOver} onClick={() => onMove(vcpu, choice)}>
            <code>{text}</code>
          </button>
        ))}
        {ways.length === 1 && state === "ready" ? (
          <button type="button" class="quiet" disabled={isOver} onClick={() => onFinish(vcpu)}>
            … to the end of the operation
          </button>
        ) : null}
      </div>
    </section>
  );
}
