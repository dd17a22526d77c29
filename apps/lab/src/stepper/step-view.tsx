import type { VNode } from "preact";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { goTo, noteInAddress } from "../location.ts";
import { useAnswer } from "../model/use-answer.ts";
import type { Story } from "../model/story.ts";
import { verifyCalls } from "../model/verify-calls.ts";
import { CallProblem } from "../model/worker-calls.ts";
import { wholeNumber, writeFragment } from "../route.ts";
import { sentence } from "../sentence.ts";
import { Gallery } from "./gallery.tsx";
import { IssueButton } from "./issue-dialog.tsx";
import { Lanes } from "./lanes.tsx";
import { StepDetail } from "./step-detail.tsx";
import { Transport, stepKeys } from "./transport.tsx";
import { Verdict } from "./verdict.tsx";

/** A counterexample, step by step; without a token, the choice of one. */
export function StepView({ token, at }: { token: string | undefined; at: string | undefined }): VNode {
  return token === undefined ? <Gallery /> : <Replayed key={token} token={token} at={at} />;
}

function Replayed({ token, at }: { token: string; at: string | undefined }): VNode {
  const answer = useAnswer(() => verifyCalls.call("story", token), [token]);
  if (answer.state === "waiting") return <p class="page waiting">Replaying the token …</p>;
  if (answer.state === "failed") return <TokenProblem error={answer.error} />;
  return <Stepper story={answer.value} at={at} />;
}

/** What is wrong with a token, and what to do. */
export function TokenProblem({ error }: { error: Error }): VNode {
  const isTheirs = error instanceof CallProblem && error.isWrongRequest;
  return (
    <section class="page narrow" role="alert">
      <h1>{isTheirs ? "The token cannot be replayed" : "This is a bug of the lab"}</h1>
      <p>{sentence(error.message)}</p>
      <p>
        {isTheirs
          ? "A token replays for as long as the model makes the same accesses. One of another version has to be made again, with xsp check."
          : "Please report it together with the address of this page."}
      </p>
      <p>
        <a href={writeFragment("step")}>Choose another counterexample</a>
      </p>
    </section>
  );
}

function Stepper({ story, at: linked }: { story: Story; at: string | undefined }): VNode {
  const last = story.steps.length;
  // A counterexample opens at its end, where it is seen what breaks.
  const position = useSignal(wholeNumber(linked, 0, last, last));
  const at = position.value;
  useEffect(() => {
    position.value = wholeNumber(linked, 0, last, last);
  }, [linked]);
  const move = (to: number): void => {
    position.value = Math.max(0, Math.min(last, to));
    noteInAddress("step", { token: story.token, at: position.value });
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      // The signal, and not what was drawn last: keys may come faster than the page is drawn.
      const to = stepKeys(event, position.peek(), last);
      if (to === undefined) return;
      event.preventDefault();
      move(to);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [story]);
  return (
    <section class="page stepper">
      <header class="story">
        <p class="kicker">
          {story.model}, {story.scheme}
          {story.published ? ", as published" : ""}
        </p>
        <Verdict story={story} />
        <details>
          <summary>What happens, in words</summary>
          <p>{story.paragraph}</p>
          <p>{story.examines}</p>
          <p class="small">{story.bounds}.</p>
          <p class="small">{story.legend}.</p>
        </details>
      </header>
      <Transport at={at} last={last} story={story} onMove={move} />
      <div class="halves">
        <Lanes story={story} at={at} onMove={move} />
        <aside>
          <StepDetail story={story} at={at} />
          <p class="actions">
            <TakeOver token={story.token} at={at} />
            <a href={writeFragment("step")}>Other counterexamples</a>
            <IssueButton story={story} />
          </p>
        </aside>
      </div>
    </section>
  );
}

/** Goes on from here by hand. */
function TakeOver({ token, at }: { token: string; at: number }): VNode {
  const take = async (): Promise<void> => {
    const begun = await verifyCalls.call("firstSteps", { token, steps: at });
    goTo("try", { token: begun });
  };
  return (
    <button type="button" onClick={() => void take()}>
      Go on from step {at} yourself
    </button>
  );
}
