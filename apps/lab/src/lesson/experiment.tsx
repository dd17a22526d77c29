import type { ComponentChildren, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";

interface ExperimentProps<T> {
  /** What the button says. */
  readonly name: string;
  readonly run: () => Promise<T>;
  readonly show: (result: T) => ComponentChildren;
  /** Called when the step is left: what still works has to end. */
  readonly end?: () => void;
}

type Standing<T> =
  | { readonly kind: "waiting" }
  | { readonly kind: "running" }
  | { readonly kind: "done"; readonly result: T }
  | { readonly kind: "failed"; readonly message: string };

/** Something that runs for real when its button is pressed, and what comes of it. */
export function Experiment<T>({ name, run, show, end }: ExperimentProps<T>): VNode {
  const [standing, setStanding] = useState<Standing<T>>({ kind: "waiting" });
  useEffect(() => end, []);
  const start = async (): Promise<void> => {
    setStanding({ kind: "running" });
    try {
      setStanding({ kind: "done", result: await run() });
    } catch (error) {
      setStanding({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    }
  };
  return (
    <div class="experiment">
      <button type="button" class="main" disabled={standing.kind === "running"} onClick={() => void start()}>
        {standing.kind === "running" ? "It runs …" : standing.kind === "done" ? `${name} again` : name}
      </button>
      <div role="status">
        {standing.kind === "done" ? show(standing.result) : null}
        {standing.kind === "failed" ? <p class="problem">That did not work: {standing.message}.</p> : null}
      </div>
    </div>
  );
}
