import { useEffect, useState } from "preact/hooks";
import { CallCancelled } from "./worker-calls.ts";

/** How far a question to the model is. */
export type Answered<T> =
  | { readonly state: "waiting" }
  | { readonly state: "answered"; readonly value: T }
  | { readonly state: "failed"; readonly error: Error };

/**
 * Asks the model, and asks again when `keys` change. An answer that comes too late is dropped.
 *
 * The answer before stays until the next one is there, so that the page does not flicker.
 */
export function useAnswer<T>(ask: () => Promise<T>, keys: readonly unknown[]): Answered<T> {
  const [answer, setAnswer] = useState<Answered<T>>({ state: "waiting" });
  useEffect(() => {
    let wanted = true;
    ask().then(
      (value) => {
        if (wanted) setAnswer({ state: "answered", value });
      },
      (error: unknown) => {
        if (wanted && !(error instanceof CallCancelled)) {
          setAnswer({ state: "failed", error: error instanceof Error ? error : new Error(String(error)) });
        }
      },
    );
    return () => {
      wanted = false;
    };
  }, keys);
  return answer;
}
