import type { ModelOptions } from "../model.ts";
import type { Trace, TraceStep, TraceViolation } from "../replay.ts";
import { changes, describeNotes, describeStep, type TraceFormat } from "./columns.ts";
import { memoryHistory } from "./memory-history.ts";
import { operationSpans } from "./operation-spans.ts";

/** What stands before the steps in a trace's JSON lines. */
export interface CounterexampleHeader {
  /** Version of this form. */
  readonly v: 1;
  /** The model's name. */
  readonly model: string;
  /** Its options, as they are part of the token. */
  readonly options: ModelOptions;
  /** Program name of each vCPU. */
  readonly programs: readonly string[];
  /** What is wrong in the last state. */
  readonly violated: readonly TraceViolation[];
}

/** A line of a trace's JSON lines: the header first, then a step a line. */
export type CounterexampleLine = CounterexampleHeader | TraceStep;

/** A trace as JSON lines: one header, then one object a step. */
export function toJsonLines(trace: Trace): string {
  const { model, options, programs, violated } = trace;
  const lines: readonly CounterexampleLine[] = [{ v: 1, model, options, programs, violated }, ...trace.steps];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

/**
 * A trace in the Informal Trace Format, as Apalache and Quint write it: one state before each step and one after the
 * last, with every word that the trace touches, who has moved, and what was done.
 */
export function toItf(trace: Trace, format: TraceFormat = {}): string {
  const { words, rows } = memoryHistory(trace);
  const names = words.map(({ region, index }) => `${region}[${index}]`);
  const states = rows.map((row, index) => {
    const step = trace.steps[index - 1];
    return {
      "#meta": { index },
      ...Object.fromEntries(names.map((name, word) => [name, { "#bigint": String(row[word]) }])),
      vcpu: { "#bigint": String(step?.vcpu ?? -1) },
      operation: step?.operation ?? "",
      step: step === undefined ? "init" : describeStep(step, format),
    };
  });
  const { model, options, violated } = trace;
  const meta = {
    format: "ITF",
    "format-description": "https://apalache-mc.org/docs/adr/015adr-trace.html",
    source: model,
    options,
    status: violated.length > 0 ? "violation" : "ok",
    description: violated.map(({ property, message }) => `${property}: ${message}`).join("; "),
  };
  const vars = [...names, "vcpu", "operation", "step"];
  return `${JSON.stringify({ "#meta": meta, vars, states }, undefined, 1)}\n`;
}

/**
 * A trace as Chrome trace events, to open in Perfetto: one track a vCPU, on it a slice for each operation and, within,
 * one for each step. A step lasts one microsecond. What is violated is an instant at the end.
 */
export function toChromeTrace(trace: Trace, format: TraceFormat = {}): string {
  const { model, options, programs, steps, violated } = trace;
  const names = [
    {
      ph: "M",
      pid: 1,
      tid: 0,
      name: "process_name",
      args: { name: [model, ...Object.entries(options).map(([name, value]) => `${name}=${value}`)].join(" ") },
    },
    ...programs.flatMap((program, vcpu) => [
      { ph: "M", pid: 1, tid: vcpu, name: "thread_name", args: { name: `vCPU ${vcpu}: ${program}` } },
      { ph: "M", pid: 1, tid: vcpu, name: "thread_sort_index", args: { sort_index: vcpu } },
    ]),
  ];
  const operations = operationSpans(trace).map(({ vcpu, operation, first, last, result = "still under way" }) => {
    const args = { result };
    return { ph: "X", pid: 1, tid: vcpu, ts: first, dur: last - first + 1, name: operation, cat: "operation", args };
  });
  const accesses = steps.map((step, index) => {
    const { kind, region, index: at, vcpu } = step;
    const shown = (value: number): string => format.describeWord?.(region, at, value) ?? String(value);
    const word =
      kind === "choose" ? {} : { word: `${region}[${at}]`, before: shown(step.before), after: shown(step.after) };
    const args = { step: index + 1, ...word, notes: describeNotes(step).join("; ") };
    return { ph: "X", pid: 1, tid: vcpu, ts: index, dur: 1, name: describeStep(step, format), cat: kind, args };
  });
  const wrong = violated.map(({ property, message }) => {
    return { ph: "i", s: "g", pid: 1, tid: steps.at(-1)?.vcpu ?? 0, ts: steps.length, name: `${property}: ${message}` };
  });
  // A slice that encloses another and begins with it has to come first.
  const traceEvents = [...names, ...operations, ...accesses, ...wrong];
  return `${JSON.stringify({ traceEvents, displayTimeUnit: "ns" }, undefined, 1)}\n`;
}

/**
 * A trace as a Graphviz graph: a column of steps for each vCPU, later steps lower, dashed arrows where another vCPU goes
 * on, what was violated at the bottom.
 */
export function toDot(trace: Trace, format: TraceFormat = {}): string {
  const { programs, steps, violated } = trace;
  const quoted = (text: string): string =>
    `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
  // Without newrank each column would be laid out by itself, and steps would not stand in the order they are made.
  const lines = [
    "digraph trace {",
    "  newrank=true; ranksep=0.15; fontname=monospace;",
    '  node [shape=box, fontname=monospace, fontsize=10, height=0.25, style=filled, fillcolor="#ffffff"];',
  ];
  programs.forEach((program, vcpu) => {
    lines.push(`  subgraph cluster_${vcpu} {`, `    label=${quoted(`vCPU ${vcpu}: ${program}`)};`);
    steps.forEach((step, index) => {
      if (step.vcpu !== vcpu) return;
      const label = [`${index + 1}: ${describeStep(step, format)}`, ...describeNotes(step)].join("\n");
      const mark = changes(step) ? ', fillcolor="#ffe9a8"' : "";
      lines.push(`    s${index} [label=${quoted(label)}, group=${vcpu}${mark}];`);
    });
    lines.push("  }");
  });
  for (let index = 1; index < steps.length; index++) {
    const stays = steps[index - 1]?.vcpu === steps[index]?.vcpu;
    lines.push(`  s${index - 1} -> s${index}${stays ? "" : " [style=dashed]"};`);
  }
  for (const [index, { property, message }] of violated.entries()) {
    lines.push(`  v${index} [label=${quoted(`${property}: ${message}`)}, fillcolor="#fdecec", color="#a11212"];`);
    if (steps.length > 0) lines.push(`  s${steps.length - 1} -> v${index} [color="#a11212"];`);
  }
  return `${[...lines, "}"].join("\n")}\n`;
}
