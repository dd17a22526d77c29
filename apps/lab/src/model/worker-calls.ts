/*
 * Calls from the page to the model, which runs in a worker so that the page never waits for it.
 *
 *   page                                      worker
 *   calls.call("story", token)  ── id, name, argument ──►  handlers.story(token, progress)
 *        onProgress(…)          ◄── id, progress ────────        progress(…)
 *        resolved or rejected   ◄── id, value or problem ─       returned or thrown
 *
 * A worker answers one call after another. To cancel, the worker is ended; the next call begins a new one.
 */

/** What a worker can be asked: one argument each, and progress on the way if it takes long. */
export type Calls<T> = { readonly [name in keyof T]: (argument: never, progress: (value: unknown) => void) => unknown };

type Argument<T, K extends keyof T> = T[K] extends (argument: infer A, ...rest: never[]) => unknown ? A : never;
type Answer<T, K extends keyof T> = T[K] extends (...args: never[]) => infer R ? Awaited<R> : never;
type ProgressOf<T, K extends keyof T> = T[K] extends (argument: never, progress: (value: infer P) => void) => unknown
  ? P
  : never;

interface Order {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

type Reply =
  | { readonly id: number; readonly kind: "progress"; readonly value: unknown }
  | { readonly id: number; readonly kind: "value"; readonly value: unknown }
  | { readonly id: number; readonly kind: "problem"; readonly name: string; readonly message: string };

/** A call that was answered with an exception. */
export class CallProblem extends Error {
  /** Whether what was asked for was wrong, and not the model. */
  readonly isWrongRequest: boolean;

  /** @param thrown - name of the exception's class. */
  constructor(thrown: string, message: string) {
    super(message);
    this.name = "CallProblem";
    this.isWrongRequest = thrown === "RangeError" || thrown === "ScenarioError";
  }
}

/** A call that was given up because its worker was ended. */
export class CallCancelled extends Error {
  constructor() {
    super("cancelled");
    this.name = "CallCancelled";
  }
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((value: unknown) => void) | undefined;
}

/** The page's end. */
export class WorkerCalls<T extends Calls<T>> {
  private readonly start: () => Worker;
  private worker: Worker | undefined;
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;

  /** @param start - makes the worker, which happens with the first call or {@link begin}. */
  constructor(start: () => Worker) {
    this.start = start;
  }

  /** Asks the worker. Rejects with {@link CallProblem} or {@link CallCancelled}. */
  call<K extends keyof T & string>(
    name: K,
    argument: Argument<T, K>,
    onProgress?: (value: ProgressOf<T, K>) => void,
  ): Promise<Answer<T, K>> {
    const worker = this.begin();
    const id = ++this.lastId;
    return new Promise<Answer<T, K>>((resolve, reject) => {
      this.pending.set(id, {
        resolve: (value) => resolve(value as Answer<T, K>),
        reject,
        onProgress: onProgress as Pending["onProgress"],
      });
      worker.postMessage({ id, name, argument } satisfies Order, []);
    });
  }

  /** Makes the worker, unless there is one: then the first call finds it loaded, also without a network. */
  begin(): Worker {
    this.worker ??= this.listen(this.start());
    return this.worker;
  }

  /** Ends the worker with all that it holds; open calls are rejected as cancelled. */
  cancel(): void {
    this.end(new CallCancelled());
  }

  private end(error: Error): void {
    this.worker?.terminate();
    this.worker = undefined;
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }

  private listen(worker: Worker): Worker {
    worker.addEventListener("message", ({ data }: MessageEvent<Reply>) => {
      const call = this.pending.get(data.id);
      if (call === undefined) return;
      if (data.kind === "progress") {
        call.onProgress?.(data.value);
        return;
      }
      this.pending.delete(data.id);
      if (data.kind === "value") call.resolve(data.value);
      else call.reject(new CallProblem(data.name, data.message));
    });
    worker.addEventListener("error", ({ message }) => {
      // Of one that was ended meanwhile: another may be at work by now.
      if (this.worker !== worker) return;
      this.end(new CallProblem("Error", message === "" ? "the model's worker did not start" : message));
    });
    return worker;
  }
}

/** The worker's end: answers calls by `handlers`, one after another. */
export function answerCalls<T extends Calls<T>>(handlers: T): void {
  const post = (reply: Reply): void => globalThis.postMessage(reply, { transfer: [] });
  const answer = async ({ id, name, argument }: Order): Promise<void> => {
    try {
      const handler = handlers[name as keyof T] as unknown as (
        argument: unknown,
        progress: (value: unknown) => void,
      ) => unknown;
      const value = await handler(argument, (progress) => post({ id, kind: "progress", value: progress }));
      post({ id, kind: "value", value });
    } catch (error) {
      const thrown = error instanceof Error ? error : new Error(String(error));
      post({ id, kind: "problem", name: thrown.name, message: thrown.message });
    }
  };
  let answered = Promise.resolve();
  globalThis.addEventListener("message", ({ data }: MessageEvent<Order>) => {
    // One after another, also where an answer has to be waited for.
    answered = answered.then(() => answer(data));
  });
}
