import type { RunProgress, SchemeName } from "@xsp/scenario";
import { useEffect, useRef, useState } from "preact/hooks";
import { scenarioCalls } from "../model/scenario-calls.ts";
import { CallCancelled } from "../model/worker-calls.ts";

/** How far runs of one scenario under several schemes are. */
type RunsStanding<T> =
  | { readonly kind: "idle" | "cancelled" }
  | {
      readonly kind: "running";
      readonly schemes: readonly SchemeName[];
      /** One for each scheme, as soon as it has begun. */
      readonly progress: readonly (RunProgress | undefined)[];
    }
  | { readonly kind: "done"; readonly runs: readonly T[] }
  | { readonly kind: "failed"; readonly message: string };

type Calls = ReturnType<typeof scenarioCalls>;

/** Runs of one scenario under several schemes at the same time, each in a worker of its own. */
export interface SideBySide<T> {
  readonly standing: RunsStanding<T>;
  /** Ends what runs, and begins anew. */
  readonly run: (
    schemes: readonly SchemeName[],
    start: (calls: Calls, scheme: SchemeName, onProgress: (value: RunProgress) => void) => Promise<T>,
  ) => Promise<void>;
  /** Ends what runs, and says that it was cancelled. */
  readonly cancel: () => void;
  /** Ends what runs, and forgets what came of it. */
  readonly clear: () => void;
}

/** Runs that the view owns: they end with it. */
export function useSideBySide<T>(): SideBySide<T> {
  const [standing, setStanding] = useState<RunsStanding<T>>({ kind: "idle" });
  const workers = useRef<Calls[]>([]);
  const end = (): void => {
    const ended = workers.current;
    workers.current = [];
    for (const each of ended) each.cancel();
  };
  useEffect(() => end, []);

  const run: SideBySide<T>["run"] = async (schemes, start) => {
    end();
    const own = schemes.map(() => scenarioCalls());
    workers.current = own;
    const show = (next: RunsStanding<T>): void => {
      // Of runs that were ended nothing is shown any more.
      if (workers.current === own) setStanding(next);
    };
    const progress: (RunProgress | undefined)[] = schemes.map(() => undefined);
    show({ kind: "running", schemes, progress });
    try {
      const runs = await Promise.all(
        own.map((calls, index) =>
          start(calls, schemes[index] as SchemeName, (value) => {
            progress[index] = value;
            show({ kind: "running", schemes, progress: [...progress] });
          }),
        ),
      );
      show({ kind: "done", runs });
    } catch (error) {
      if (!(error instanceof CallCancelled)) {
        show({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
      }
    }
    if (workers.current === own) end();
  };
  const stop = (kind: "idle" | "cancelled"): void => {
    end();
    setStanding({ kind });
  };
  return { standing, run, cancel: () => stop("cancelled"), clear: () => stop("idle") };
}
