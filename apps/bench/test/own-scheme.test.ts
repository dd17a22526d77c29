import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { benchOptions } from "../src/bench-options.ts";
import { askChild } from "../src/child-process.ts";
import { anchorTask, type MicroOrder, type MicroResult } from "../src/micro-result.ts";
import { wrongCounts } from "../src/wrong-counts.ts";
import { smallResult } from "./small-result.ts";

/*
 * A scheme of one's own beside XSP's. That a scenario runs under it in a process of its own is tested by @xsp/cli.
 */

const scheme = new URL("../../../examples/per-gigabyte-scheme/scheme.js", import.meta.url);
const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const worker = fileURLToPath(new URL("../dist/micro-worker.js", import.meta.url));

test("its single operations are timed in a process of its own", async () => {
  const order: MicroOrder = {
    scheme: "per-gigabyte",
    superpages: 512,
    rounds: 1,
    sampleMs: 1,
    modules: [scheme.href],
  };
  const results = await askChild<readonly MicroResult[]>(worker, order, "the micro-benchmark");
  expect(results.map(({ task }) => task)).toEqual(
    expect.arrayContaining([anchorTask, "scheme function, map + unmap", "mark + unmark"]),
  );
});

test("results with it take the place of XSP's own only when told where to", () => {
  expect(benchOptions(["--scheme", "./mine.js"], "results").out).toBe(undefined);
  expect(benchOptions(["--scheme", "./mine.js", "--out", "mine"], "results").out).toBe("mine");
});

test("its books are checked, and what its hypercalls count is not", () => {
  const result = smallResult();
  const run = result.scenario!.runs.find(({ scheme: name }) => name === "sealed")!;
  const counted = { ...run.fork, events: { ...run.fork.events, superpageGets: 1 } };
  const own = { ...run, scheme: "mine", fork: counted };
  const withRun = (added: typeof own): ReturnType<typeof smallResult> => {
    return { ...result, scenario: { ...result.scenario!, runs: [...result.scenario!.runs, added] } };
  };
  const about = (added: typeof own): string[] => wrongCounts(withRun(added)).filter((line) => line.startsWith("mine"));
  expect(about(own)).toEqual([]);
  expect(about({ ...own, audit: { differences: 3, audits: 8 } })).toEqual(["mine: audit differences: 3, expected 0"]);
});

test("a file that is not there is refused before anything is run, with exit code 2", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, "--smoke", "--scheme", "./none.js"], {
    encoding: "utf8",
  });
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^--scheme \.\/none\.js: there is no such file\n/);
});
