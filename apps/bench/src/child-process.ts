import { fork } from "node:child_process";

/** What a child answers to its order. */
type ChildAnswer<T> =
  | { readonly kind: "done"; readonly result: T }
  | { readonly kind: "failed"; readonly stack: string };

/**
 * Has a program do one thing in a process of its own. One that has seen several schemes would no longer have its hot
 * loops specialised to one, and peak memory is a process's, not a function's.
 *
 * @throws Error when it failed, or ended without an answer.
 */
export async function askChild<T>(program: string, order: object, what: string): Promise<T> {
  const child = fork(program, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  return new Promise((resolve, reject) => {
    child.on("message", (message) => {
      const answer = message as ChildAnswer<T>;
      if (answer.kind === "done") resolve(answer.result);
      else reject(new Error(`${what} failed: ${answer.stack}`));
    });
    child.on("error", reject);
    child.on("close", (code) => reject(new Error(`${what} ended without an answer, exit code ${code}`)));
    child.send(order);
  });
}

/** The other end: takes one order, answers it and lets the process end. */
export function answerParent<Order, T>(perform: (order: Order) => T | Promise<T>): void {
  const answerTo = async (message: unknown): Promise<void> => {
    let answer: ChildAnswer<T>;
    try {
      answer = { kind: "done", result: await perform(message as Order) };
    } catch (error) {
      answer = { kind: "failed", stack: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    // Leaving before the answer is through would take it back.
    process.send?.(answer, undefined, undefined, () => process.disconnect());
  };
  process.once("message", (message) => {
    void answerTo(message);
  });
}
