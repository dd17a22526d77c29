import { expect, test } from "vitest";
import { LoginQueue } from "../src/index.ts";

test("answers one login after another, each waiting for those before it", () => {
  const queue = new LoginQueue(4, 10);
  for (const busyNs of [4, 4, 4, 4]) queue.answer(busyNs);
  expect(queue.outcome()).toEqual({
    offered: 4,
    inTime: 2,
    deadlineNs: 10,
    lastModelledNs: 16,
    answeredNs: [4, 8, 12, 16],
  });
});

test("takes an answer at the deadline itself for in time", () => {
  const queue = new LoginQueue(1, 10);
  queue.answer(10);
  expect(queue.outcome().inTime).toBe(1);
});

test("tells no outcome before every login is answered", () => {
  const queue = new LoginQueue(2, 10);
  queue.answer(1);
  expect(() => queue.outcome()).toThrow("1 of 2 logins were answered");
});
