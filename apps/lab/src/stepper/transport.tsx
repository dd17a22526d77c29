import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Story } from "../model/story.ts";

/** Milliseconds a step is shown while it plays. */
const PLAY_MS = 700;

/** Where a key leads to, in steps done; undefined for a key that is not the stepper's. */
export function stepKeys(event: KeyboardEvent, at: number, last: number): number | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const target = event.target as HTMLElement | null;
  // A slider, a text field and an open dialog have their own use for these keys.
  if (target?.closest("input, textarea, select, dialog") !== null && target !== null) return undefined;
  switch (event.key) {
    case "ArrowRight":
      return at + 1;
    case "ArrowLeft":
      return at - 1;
    case "Home":
      return 0;
    case "End":
      return last;
    default:
      return undefined;
  }
}

/** The next step after `at` that changes a word, as the number of steps then done; the end when there is none. */
function nextChange(story: Story, at: number): number {
  const found = story.steps.findIndex(({ step }, index) => index >= at && step.before !== step.after);
  return found < 0 ? story.steps.length : found + 1;
}

interface TransportProps {
  readonly story: Story;
  /** Steps that are done. */
  readonly at: number;
  readonly last: number;
  readonly onMove: (to: number) => void;
}

/** Forward, back, jump and play. */
export function Transport({ story, at, last, onMove }: TransportProps): VNode {
  const [plays, setPlays] = useState(false);
  useEffect(() => {
    if (!plays) return undefined;
    if (at >= last) {
      setPlays(false);
      return undefined;
    }
    const timer = setTimeout(() => onMove(at + 1), PLAY_MS);
    return () => clearTimeout(timer);
  }, [plays, at]);
  const play = (): void => {
    if (!plays && at >= last) onMove(0);
    setPlays(!plays);
  };
  return (
    <div class="transport" role="group" aria-label="Steps">
      <button type="button" onClick={() => onMove(0)} disabled={at === 0} aria-label="To the beginning" title="Home">
        |‹
      </button>
      <button type="button" onClick={() => onMove(at - 1)} disabled={at === 0} title="←">
        ‹ Back
      </button>
      <button type="button" class="main" onClick={() => onMove(at + 1)} disabled={at === last} title="→">
        Step ›
      </button>
      <button type="button" onClick={() => onMove(nextChange(story, at))} disabled={at === last}>
        Next write »
      </button>
      <button type="button" onClick={() => onMove(last)} disabled={at === last} aria-label="To the end" title="End">
        ›|
      </button>
      <button type="button" onClick={play} aria-pressed={plays}>
        {plays ? "Pause" : "Play"}
      </button>
      <input
        type="range"
        min={0}
        max={last}
        value={at}
        aria-label="Steps done"
        aria-valuetext={`${at} of ${last} steps done`}
        onInput={(event) => onMove(Number(event.currentTarget.value))}
      />
      <output class="count">
        {at} <span>of {last}</span>
      </output>
    </div>
  );
}
