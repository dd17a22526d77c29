import { describe, expect, test } from "vitest";
import { explainToken } from "../../src/models/explanation.ts";
import { checkModel } from "../../src/models/model-check.ts";
import { modelByName } from "../../src/models/model-list.ts";
import { exportTrace, traceSuffixes, traceSuffixOf } from "../../src/models/trace-export.ts";

const { counterexamples } = checkModel(modelByName("map-map-unmap"), "xen-4.1", { properties: ["S1"] });
const explanation = explainToken(counterexamples[0]?.token ?? "");

test("the end of a file's name says the format, and nothing else does", () => {
  expect(traceSuffixes.map((suffix) => traceSuffixOf(`out/x${suffix.toUpperCase()}`))).toEqual(traceSuffixes);
  expect(["x.json", "x.txt", "html", "x.itf"].map(traceSuffixOf)).toEqual([undefined, undefined, undefined, undefined]);
});

describe("a counterexample", () => {
  test("in the Informal Trace Format has a value for every variable in every state", () => {
    const itf = JSON.parse(exportTrace(explanation, ".itf.json")) as {
      "#meta": object;
      vars: string[];
      states: Record<string, unknown>[];
    };
    expect(itf["#meta"]).toMatchObject({ format: "ITF", source: "map-map-unmap", status: "violation" });
    expect(itf.states).toHaveLength(69);
    for (const [index, state] of itf.states.entries()) {
      expect(Object.keys(state).toSorted()).toEqual(["#meta", ...itf.vars].toSorted());
      expect(state["#meta"]).toEqual({ index });
    }
    expect(itf.states[25]).toMatchObject({ step: "swap superpage[1] dynamic 1 → dynamic 2", vcpu: { "#bigint": "1" } });
  });

  test("as Chrome trace events has a track for each vCPU, operations that overlap, and words decoded", () => {
    const { traceEvents } = JSON.parse(exportTrace(explanation, ".trace.json")) as {
      traceEvents: { ph: string; tid: number; ts: number; dur: number; name: string; cat?: string; args?: object }[];
    };
    const operations = traceEvents.filter(({ cat }) => cat === "operation");
    expect(operations.map(({ name, tid, ts, dur }) => [name, tid, ts, ts + dur])).toEqual([
      ["unmap 2M()", 0, 2, 47],
      ["map 2M RW()", 1, 14, 32],
      ["pin as L1(1)", 1, 47, 68],
    ]);
    expect(traceEvents.find(({ ts, cat }) => ts === 24 && cat === "compareAndSwap")?.args).toEqual({
      step: 25,
      word: "superpage[1]",
      before: "dynamic 1",
      after: "dynamic 2",
      notes: "",
    });
    expect(traceEvents.at(-1)).toMatchObject({
      ph: "i",
      ts: 68,
      name: expect.stringMatching(/^S1: frame 1/) as string,
    });
  });

  test("as a page tells in words what happens, and needs nothing from elsewhere", () => {
    const page = exportTrace(explanation, ".html");
    expect(page).toContain("<h1>map-map-unmap, xen-4.1: 68 steps</h1>");
    expect(page).toContain("<p>Before it begins, vCPU 0 has performed map-2m-rw. vCPU 0 (d1) begins unmap 2M");
    expect(page).toContain('<td class="changed">swap superpage[1] dynamic 1 → dynamic 2</td>');
    expect(page).toContain('<td class="changed">dynamic 2</td>');
    expect(page).toContain("prefers-color-scheme:dark");
    expect(page).not.toMatch(/src=|href=|<script|@import|url\(/);
  });

  test("as a graph has the steps in order and the violation at its end", () => {
    const graph = exportTrace(explanation, ".dot");
    expect(graph.match(/^ {2}s\d+ -> s\d+/gm)).toHaveLength(67);
    expect(graph).toContain('s67 -> v0 [color="#a11212"];');
  });

  test("as lines of JSON has a head and a line for each step", () => {
    const [head, ...steps] = exportTrace(explanation, ".jsonl").trim().split("\n");
    expect(JSON.parse(head ?? "")).toMatchObject({ v: 1, model: "map-map-unmap", violated: [{ property: "S1" }] });
    expect(steps).toHaveLength(68);
  });
});
