import type { Trace, TraceStep } from "../replay.ts";

/** How words are shown: the way the system under check prints them. Default: as decimal numbers. */
export interface TraceFormat {
  describeWord?(region: string, index: number, value: number): string;
}

/** A step in one line: `store typeInfo[3] 0 → 1`. */
export function describeStep(step: TraceStep, format: TraceFormat = {}): string {
  const shown = (value: number): string => format.describeWord?.(step.region, step.index, value) ?? String(value);
  const where = `${step.region}[${step.index}]`;
  switch (step.kind) {
    case "choose":
      return `chooses ${step.answer} of ${step.value}`;
    case "load":
      return `load ${where} = ${shown(step.answer)}`;
    case "store":
      return `store ${where} ${shown(step.before)} → ${shown(step.after)}`;
    case "waitWhile":
      return `waited out ${where} ${shown(step.value)}, sees ${shown(step.answer)}`;
    case "compareAndSwap":
      return step.answer === step.value
        ? `swap ${where} ${shown(step.value)} → ${shown(step.desired)}`
        : `swap ${where} fails: expected ${shown(step.value)}, sees ${shown(step.answer)}`;
  }
}

/** What was announced after a step: `map(0, 3) = 0`. */
export function describeNotes(step: TraceStep): string[] {
  return step.notes.map(({ label, args, result }) => {
    return `${label}(${args.join(", ")})${result === undefined ? "" : ` = ${result}`}`;
  });
}

/** Whether the step changed its word. */
export function changes(step: TraceStep): boolean {
  return step.before !== step.after;
}

/**
 * A trace as text, one column a vCPU, one line a step; `*` marks the steps that changed a word. What a vCPU begins and
 * what it announces stand on lines of their own.
 */
export function formatTrace(trace: Trace, format: TraceFormat = {}): string {
  const rows: { readonly number: string; readonly vcpu: number; readonly text: string }[] = [];
  const under: (string | undefined)[] = trace.programs.map(() => undefined);
  trace.steps.forEach((step, index) => {
    if (step.operation !== undefined && under[step.vcpu] !== step.operation) {
      rows.push({ number: "", vcpu: step.vcpu, text: `▶ ${step.operation}` });
    }
    under[step.vcpu] = step.operation;
    const mark = changes(step) ? "* " : "  ";
    rows.push({ number: String(index + 1), vcpu: step.vcpu, text: mark + describeStep(step, format) });
    for (const note of describeNotes(step)) rows.push({ number: "", vcpu: step.vcpu, text: `◀ ${note}` });
  });
  const heads = trace.programs.map((program, vcpu) => `vCPU ${vcpu}: ${program}`);
  const widths = heads.map((head, vcpu) =>
    rows.reduce((width, row) => (row.vcpu === vcpu ? Math.max(width, row.text.length) : width), head.length),
  );
  const line = (number: string, cells: readonly string[]): string =>
    `${number.padStart(4)}  ${cells.map((cell, vcpu) => cell.padEnd(widths[vcpu] as number)).join("  ")}`.trimEnd();
  const lines = [
    line("", heads),
    line(
      "",
      widths.map((width) => "─".repeat(width)),
    ),
  ];
  for (const row of rows)
    lines.push(
      line(
        row.number,
        trace.programs.map((_, vcpu) => (vcpu === row.vcpu ? row.text : "")),
      ),
    );
  for (const { property, message } of trace.violated) lines.push(`  ✗  ${property}: ${message}`);
  return `${lines.join("\n")}\n`;
}
