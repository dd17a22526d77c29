import type { Trace } from "../replay.ts";
import { changes, describeNotes, describeStep, type TraceFormat } from "./columns.ts";
import { memoryHistory } from "./memory-history.ts";

/** A trace as JSON lines: one header, then one object a step. */
export function toJsonLines(trace: Trace): string {
  const { model, options, programs, violated } = trace;
  const lines = [{ v: 1, model, options, programs, violated }, ...trace.steps];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

/**
 * A trace in the Informal Trace Format, as Apalache and Quint write it: one state before each step and one after the
 * last, with every word that the trace touches.
 */
export function toItf(trace: Trace): string {
  const { words, rows } = memoryHistory(trace);
  const names = words.map(({ region, index }) => `${region}[${index}]`);
  const states = rows.map((row, index) => {
    const step = trace.steps[index - 1];
    return {
      "#meta": { index },
      ...Object.fromEntries(names.map((name, word) => [name, { "#bigint": String(row[word]) }])),
      vcpu: { "#bigint": String(step?.vcpu ?? -1) },
      operation: step?.operation ?? "",
      step: step === undefined ? "init" : describeStep(step),
    };
  });
  const meta = { format: "ITF", "format-description": "https://apalache-mc.org/docs/adr/015adr-trace.html" };
  const vars = [...names, "vcpu", "operation", "step"];
  return `${JSON.stringify({ "#meta": { ...meta, source: trace.model }, vars, states }, undefined, 1)}\n`;
}

/** A trace as Chrome trace events, one track a vCPU; a step lasts one microsecond. Opens in Perfetto. */
export function toChromeTrace(trace: Trace, format: TraceFormat = {}): string {
  const names = trace.programs.map((program, vcpu) => {
    return { ph: "M", pid: 1, tid: vcpu, name: "thread_name", args: { name: `vCPU ${vcpu}: ${program}` } };
  });
  const events = trace.steps.map((step, index) => {
    const { before, after, answer, operation } = step;
    const args = { operation, before, after, answer, notes: describeNotes(step) };
    return { ph: "X", pid: 1, tid: step.vcpu, ts: index, dur: 1, name: describeStep(step, format), args };
  });
  return `${JSON.stringify({ traceEvents: [...names, ...events], displayTimeUnit: "ns" }, undefined, 1)}\n`;
}

/** A trace as a Graphviz graph: a column of steps for each vCPU, dashed arrows where the processor changes hands. */
export function toDot(trace: Trace, format: TraceFormat = {}): string {
  const quoted = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  const lines = ["digraph trace {", "  node [shape=box, fontname=monospace];"];
  trace.programs.forEach((program, vcpu) => {
    lines.push(`  subgraph cluster_${vcpu} {`, `    label=${quoted(`vCPU ${vcpu}: ${program}`)};`);
    trace.steps.forEach((step, index) => {
      if (step.vcpu !== vcpu) return;
      const label = [`${index + 1}: ${describeStep(step, format)}`, ...describeNotes(step)].join("\n");
      lines.push(
        `    s${index} [label=${quoted(label).replaceAll("\n", "\\n")}${changes(step) ? ", style=bold" : ""}];`,
      );
    });
    lines.push("  }");
  });
  for (let index = 1; index < trace.steps.length; index++) {
    const stays = trace.steps[index - 1]?.vcpu === trace.steps[index]?.vcpu;
    lines.push(`  s${index - 1} -> s${index}${stays ? "" : " [style=dashed]"};`);
  }
  return `${[...lines, "}"].join("\n")}\n`;
}
