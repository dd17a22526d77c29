import { expect, it } from "vitest";
import {
  explore,
  formatTrace,
  memoryHistory,
  replay,
  toChromeTrace,
  toDot,
  toHtml,
  toItf,
  toJsonLines,
  type Trace,
} from "../src/index.ts";
import { counter } from "./models/counters.ts";
import { twoLocks } from "./models/two-locks.ts";

function shortest(): Trace {
  const model = counter(2, 1, false);
  return replay(model, explore(model).violations[0]?.token ?? "");
}

it("tells each step with its operation, access, values and notes", () => {
  const trace = shortest();
  expect(trace.steps[2]).toEqual({
    vcpu: 0,
    program: "adder",
    operation: "add(1)",
    kind: "store",
    region: "counter",
    index: 0,
    before: 0,
    after: 1,
    value: 1,
    desired: 0,
    answer: 0,
    notes: [{ label: "added", args: [1], result: 1 }],
  });
  expect(trace.violated).toEqual([{ property: "nothing is lost", message: "counted 1, expected 2" }]);
});

it("prints a column for each vCPU", () => {
  expect(formatTrace(shortest())).toMatchInlineSnapshot(`
    "      vCPU 0: adder             vCPU 1: adder
          ────────────────────────  ────────────────────────
          ▶ add(1)
       1    load counter[0] = 0
                                    ▶ add(1)
       2                              load counter[0] = 0
       3  * store counter[0] 0 → 1
          ◀ added(1) = 1
       4                              store counter[0] 1 → 1
                                    ◀ added(1) = 1
      ✗  nothing is lost: counted 1, expected 2
    "
  `);
});

it("prints words the way it is told to", () => {
  const text = formatTrace(shortest(), { describeWord: (region, index, value) => `${region}${index}:${value}` });
  expect(text).toContain("store counter[0] counter0:0 → counter0:1");
});

it("tells who waits for what in a deadlock", () => {
  const model = twoLocks(true);
  const trace = replay(model, explore(model).violations[0]?.token ?? "");
  expect(formatTrace(trace)).toMatchInlineSnapshot(`
    "      vCPU 0: takes 0 first                      vCPU 1: takes 1 first
          ─────────────────────────────────────────  ─────────────────────────────────────────
          ▶ both(0)
       1  * swap locks[0] 0 → 1
                                                     ▶ both(1)
       2                                             * swap locks[1] 0 → 1
       3    swap locks[1] fails: expected 0, sees 1
       4                                               swap locks[0] fails: expected 0, sees 1
      ✗  deadlock: vCPU 0 waits for locks[1] to leave 1; vCPU 1 waits for locks[0] to leave 1
    "
  `);
});

it("follows the words that a trace touches and no others", () => {
  expect(memoryHistory(shortest())).toEqual({
    words: [{ region: "counter", index: 0 }],
    rows: [[0], [0], [0], [1], [1]],
  });
});

it("exports to ITF with one state more than there are steps", () => {
  const itf = JSON.parse(toItf(shortest())) as { vars: string[]; states: Record<string, unknown>[] };
  expect(itf.vars).toEqual(["counter[0]", "vcpu", "operation", "step"]);
  expect(itf.states).toHaveLength(5);
  expect(itf.states[4]).toMatchObject({ "#meta": { index: 4 }, "counter[0]": { "#bigint": "1" } });
});

it("exports to Chrome trace events with one track a vCPU", () => {
  const { traceEvents } = JSON.parse(toChromeTrace(shortest())) as { traceEvents: { ph: string; tid: number }[] };
  const [names, steps, operations, violations] = [5, 4, 2, 1];
  expect(traceEvents).toHaveLength(names + steps + operations + violations);
  expect(new Set(traceEvents.map(({ tid }) => tid))).toEqual(new Set([0, 1]));
});

it("exports to a graph, to lines of JSON, and to a page without outside references", () => {
  const trace = shortest();
  expect(toDot(trace)).toContain("s0 -> s1");
  expect(toJsonLines(trace).trim().split("\n")).toHaveLength(5);
  const page = toHtml(trace, { describeWord: (_region, _index, value) => `<${value}>` });
  expect(page).toContain('<td class="changed">&lt;1&gt;</td>');
  expect(page).not.toMatch(/src=|href=|<script/);
});
