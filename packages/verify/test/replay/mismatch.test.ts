import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { replayTrace } from "../../src/replay/replay.ts";
import { formatReplay, formatStop, replayReport } from "../../src/replay/replay-report.ts";
import { readTrace, type Trace } from "../../src/trace/trace-reader.ts";
import type { TraceOperation } from "../../src/trace/trace-operation.ts";

const file = "small-per-frame.jsonl";
const text = readFileSync(new URL(`../fixtures/${file}`, import.meta.url), "utf8");
const trace = readTrace(file, text);

/** The trace with one operation told otherwise. */
function altered(at: number, change: (operation: TraceOperation) => object): Trace {
  const operations = trace.operations.map((operation, index) =>
    index === at ? { ...operation, ...change(operation) } : operation,
  );
  return { ...trace, operations };
}

const pin = trace.operations.findIndex(({ op, rc }) => op === "pin" && rc === 0);

describe("a mismatch", () => {
  test("in a return value tells operation, expected and found, frame and history", () => {
    const result = replayTrace(altered(pin, () => ({ rc: -16 })));
    expect(result.rcAgree).toBe(result.ops - 1);
    expect(result.mismatches).toHaveLength(1);
    const printed = formatReplay(result, true, 5);
    expect(printed).toContain(`DIFFERS ${file}: ${result.ops - 1} of ${result.ops} answers`);
    expect(printed).toContain(`${file}:${trace.lines[pin]}: operation ${pin} differs in rc`);
    expect(printed).toContain("expected -EBUSY (-16)");
    expect(printed).toContain("found    0");
    expect(printed).toMatch(/caf=.* taf=/);
  });

  test("in a reported state names the frame", () => {
    const at = trace.operations.findIndex(({ st }) => st !== undefined && Object.keys(st).length > 0);
    const [name] = Object.keys(trace.operations[at]?.st ?? {});
    const result = replayTrace(altered(at, ({ st }) => ({ st: { ...st, [name ?? ""]: ["l3", 9, "x", 9, 0] } })));
    expect(result.mismatches[0]).toMatchObject({ i: at, what: "frame", subject: name, expected: '["l3",9,"x",9,0]' });
    expect(result.stateAgree).toBeLessThan(result.states);
  });

  test("is found when a state changes that the recording does not report", () => {
    const result = replayTrace(altered(pin, () => ({ st: undefined })));
    expect(result.mismatches[0]).toMatchObject({ i: pin, what: "frame" });
    expect(result.mismatches[0]?.expected).toContain("(unchanged)");
  });

  test("is summed up as JSON with exactly the fields that programs read", () => {
    const report = replayReport([replayTrace(altered(pin, () => ({ rc: -16 })))]);
    expect(report.v).toBe(1);
    expect(Object.keys(report.files[0] ?? {})).toEqual([
      "file",
      "ops",
      "rcAgree",
      "states",
      "stateAgree",
      "firstMismatch",
    ]);
    expect(report.files[0]?.firstMismatch).toMatchObject({ i: pin, what: "rc" });
    expect(replayReport([replayTrace(trace)]).files[0]?.firstMismatch).toBeNull();
  });
});

describe("stopping a replay", () => {
  test("runs up to the operation and shows its frames", () => {
    const result = replayTrace(trace, { stopAt: pin });
    expect(result.ops).toBe(pin + 1);
    expect(formatStop(trace, result, true)).toContain(`stopped after operation ${pin}`);
    expect(formatStop(trace, result, true)).toContain("nothing was refused");
  });

  test("explains a refusal", () => {
    const refused = trace.operations.findIndex(({ op, rc }) => op === "pin" && rc < 0);
    const result = replayTrace(trace, { stopAt: refused });
    expect(formatStop(trace, result, true)).toContain("refused by");
  });
});

test("a trace whose maker is not told is refused", () => {
  const { machine: _, ...header } = trace.header;
  expect(() => replayTrace({ ...trace, header })).toThrow("which Xen made this trace is not told");
});

test("a trace whose frames no machine has is refused", () => {
  const { machine: _, ...header } = trace.header;
  expect(() => replayTrace({ ...trace, file: "xen494-x.jsonl", header })).toThrow(/xen494-x\.jsonl:1: /);
});
