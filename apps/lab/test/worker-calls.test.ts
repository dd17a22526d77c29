import { expect, test } from "vitest";
import { CallCancelled, CallProblem, WorkerCalls } from "../src/model/worker-calls.ts";

/** A worker that does nothing by itself. */
class SilentWorker extends EventTarget {
  readonly posted: { readonly id: number }[] = [];
  postMessage(order: { readonly id: number }): void {
    this.posted.push(order);
  }
  terminate(): void {}
  fail(message: string): void {
    this.dispatchEvent(Object.assign(new Event("error"), { message }));
  }
  answer(value: unknown): void {
    const id = this.posted.at(-1)?.id;
    this.dispatchEvent(Object.assign(new Event("message"), { data: { id, kind: "value", value } }));
  }
}

function silentCalls() {
  const workers: SilentWorker[] = [];
  const calls = new WorkerCalls<{ double: (value: number) => number }>(() => {
    const worker = new SilentWorker();
    workers.push(worker);
    return worker as unknown as Worker;
  });
  return { calls, workers };
}

test("a worker that fails rejects what was asked of it, and the next call begins another", async () => {
  const { calls, workers } = silentCalls();
  const lost = calls.call("double", 1);
  workers[0]?.fail("");
  await expect(lost).rejects.toThrow(new CallProblem("Error", "the model's worker did not start"));
  const next = calls.call("double", 2);
  workers[1]?.answer(4);
  expect(await next).toBe(4);
});

test("what a cancelled worker still reports does not touch the one after it", async () => {
  const { calls, workers } = silentCalls();
  const given = calls.call("double", 1);
  calls.cancel();
  await expect(given).rejects.toThrow(CallCancelled);
  const next = calls.call("double", 2);
  workers[0]?.fail("too late");
  workers[1]?.answer(4);
  expect(await next).toBe(4);
});
