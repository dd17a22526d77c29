import { expect, test } from "vitest";
import { threadPoint } from "../src/thread-result.ts";
import { storm } from "./small-result.ts";

const operations = 2 * 512;

test("gives the time that passes over the work of all spawners, and the ratio sample by sample", () => {
  const point = threadPoint([storm("same", 1, [400, 600])], [storm("same", 2, [200, 400])]);
  expect(point.oneThreadNs.values).toEqual([400 / operations, 600 / operations]);
  expect(point.threadsNs.values).toEqual([200 / operations, 400 / operations]);
  expect(point.speedUp.values).toEqual([2, 1.5]);
  expect(point).toMatchObject({ scheme: "sealed", overlap: "same", threads: 2, differences: 0 });
});

test("counts what the threads counted otherwise than one did, and what the audits found", () => {
  const two = storm("same", 2, [200]);
  const off = { ...two, events: { ...two.events, superpageGets: two.events.superpageGets - 1 }, differences: 3 };
  expect(threadPoint([storm("same", 1, [400])], [off]).differences).toBe(1 + 3);
});
