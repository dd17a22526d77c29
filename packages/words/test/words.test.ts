import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AccessCounter, PlainWords, SharedWords, type Words, fillWords } from "../src/index.ts";

const backends: readonly (readonly [string, (length: number) => Words])[] = [
  ["plain", (length) => new PlainWords(length)],
  ["shared", (length) => new SharedWords(length)],
  ["instrumented", (length) => new AccessCounter().allocate(length, "words")],
];

describe.each(backends)("%s words", (_name, make) => {
  it("starts as zeroes and has the length that was asked for", () => {
    const words = make(3);
    expect(words.length).toBe(3);
    expect([words.load(0), words.load(1), words.load(2)]).toEqual([0, 0, 0]);
  });

  it("keeps a stored word as a signed 32-bit integer", () => {
    const words = make(1);
    words.store(0, 0x8000_0000 | 0);
    expect(words.load(0)).toBe(-0x8000_0000);
  });

  it("swaps only when the word holds what is expected, and answers what it held", () => {
    const words = make(1);
    expect(words.compareAndSwap(0, 0, 7)).toBe(0);
    expect(words.load(0)).toBe(7);
    expect(words.compareAndSwap(0, 0, 9)).toBe(7);
    expect(words.load(0)).toBe(7);
  });

  it("fills neighbouring words and no others", () => {
    const words = make(5);
    fillWords(words, 7, 1, 4);
    expect([0, 1, 2, 3, 4].map((index) => words.load(index))).toEqual([0, 7, 7, 7, 0]);
  });

  it("does not wait when the word already differs", () => {
    const words = make(1);
    words.store(0, 5);
    expect(words.waitWhile(0, 4)).toBe(5);
  });
});

it("answers the same to any program of accesses on all backends", () => {
  const access = fc.record({
    kind: fc.constantFrom("load", "store", "swap"),
    index: fc.nat(3),
    expected: fc.integer({ min: -2, max: 2 }),
    value: fc.integer({ min: -2, max: 2 }),
  });
  fc.assert(
    fc.property(fc.array(access), (program) => {
      const answers = backends.map(([, make]) => {
        const words = make(4);
        return program.map(({ kind, index, expected, value }) => {
          if (kind === "load") return words.load(index);
          if (kind === "swap") return words.compareAndSwap(index, expected, value);
          words.store(index, value);
          return words.load(index);
        });
      });
      expect(answers[1]).toEqual(answers[0]);
      expect(answers[2]).toEqual(answers[0]);
    }),
  );
});

it("names a wait that can never end instead of hanging", () => {
  expect(() => new PlainWords(1).waitWhile(0, 0)).toThrow(/deadlock/);
  expect(() => new AccessCounter().allocate(1, "x").waitWhile(0, 0)).toThrow(/deadlock/);
});

describe("AccessCounter", () => {
  it("counts each kind of access over all its regions", () => {
    const counter = new AccessCounter();
    const first = counter.allocate(2, "first");
    const second = counter.allocate(2000, "second");
    first.store(1, 3);
    second.store(1999, 4);
    first.load(1);
    first.compareAndSwap(1, 3, 5);
    first.compareAndSwap(1, 3, 6);
    second.waitWhile(1999, 0);
    expect(counter.counts()).toEqual({ loads: 1, stores: 2, swaps: 1, failedSwaps: 1, waits: 1 });
    expect(first.load(1)).toBe(5);
    expect(second.load(1999)).toBe(4);
    expect(counter.regions.map(({ name, base, length }) => [name, base, length])).toEqual([
      ["first", 0, 2],
      ["second", 2, 2000],
    ]);
    counter.reset();
    expect(counter.counts()).toEqual({ loads: 0, stores: 0, swaps: 0, failedSwaps: 0, waits: 0 });
  });
});

it("lets a waiting thread go on when another one changes the word", async () => {
  const words = new SharedWords(2);
  const worker = new Worker(
    `const { workerData, parentPort } = require("node:worker_threads");
     const array = new Int32Array(workerData);
     parentPort.postMessage("ready");
     setTimeout(() => Atomics.store(array, 0, 42), 20);`,
    { eval: true, workerData: words.buffer },
  );
  await new Promise((resolve) => worker.once("message", resolve));
  expect(words.waitWhile(0, 0)).toBe(42);
  await worker.terminate();
});

it("opens the words of another thread through their buffer", () => {
  const words = new SharedWords(2);
  const again = new SharedWords(words.buffer);
  words.store(1, 9);
  expect(again.load(1)).toBe(9);
  expect(again.length).toBe(2);
});

it("opens a part of a buffer as a region of its own, which ends where it ends", () => {
  const whole = new SharedWords(5);
  const part = new SharedWords(whole.buffer, 2, 2);
  part.store(0, 7);
  expect([part.length, whole.load(2)]).toEqual([2, 7]);
  expect(() => part.load(2)).toThrow(RangeError);
});
