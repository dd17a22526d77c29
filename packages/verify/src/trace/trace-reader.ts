import { operationFault } from "./operation-fields.ts";
import { parseTraceHeader, type TraceHeader } from "./trace-header.ts";
import type { TraceOperation } from "./trace-operation.ts";
import { TraceProblem } from "./trace-problem.ts";

/** A remark in a trace: it stands before an operation. */
export interface TraceNote {
  /** Index in {@link Trace.operations} of the operation that follows. */
  readonly before: number;
  readonly text: string;
}

/** One recorded run. */
export interface Trace {
  readonly file: string;
  readonly header: TraceHeader;
  readonly operations: readonly TraceOperation[];
  readonly notes: readonly TraceNote[];
  /** Line of each operation in the file, from 1. */
  readonly lines: Int32Array;
}

/**
 * Reads a trace: a header, notes and operations, and an end line, one JSON object each.
 *
 * @param file - name for messages.
 * @param text - the whole file.
 * @throws TraceProblem with file and line at the first line that is not as `FORMAT.md` says.
 */
export function readTrace(file: string, text: string): Trace {
  const texts = text.split("\n");
  while (texts.at(-1) === "") texts.pop();
  if (texts.length === 0) throw new TraceProblem(file, 0, "expected a trace, found an empty file");
  const header = parseTraceHeader(file, parseLine(file, 1, texts[0] as string));
  const operations: TraceOperation[] = [];
  const notes: TraceNote[] = [];
  const lines = new Int32Array(texts.length);
  for (let at = 1; at < texts.length; at++) {
    const number = at + 1;
    const line = parseLine(file, number, texts[at] as string);
    if ("op" in line) {
      const fault = operationFault(line);
      if (fault !== undefined) throw new TraceProblem(file, number, fault);
      if (line["i"] !== operations.length) {
        throw new TraceProblem(
          file,
          number,
          `expected operation ${operations.length}, found ${JSON.stringify(line["i"])}`,
        );
      }
      lines[operations.length] = number;
      operations.push(line as unknown as TraceOperation);
    } else if ("note" in line) {
      notes.push({ before: operations.length, text: String(line["note"]) });
    } else if (line["end"] === 1) {
      checkEnd(file, number, line, texts.length, operations.length);
      return { file, header, operations, notes, lines };
    } else {
      throw new TraceProblem(file, number, "expected an operation, a note or the end line");
    }
  }
  throw new TraceProblem(file, texts.length, 'expected the end line {"end":1,"ops":…}: the trace is incomplete');
}

function parseLine(file: string, number: number, text: string): Record<string, unknown> {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    throw new TraceProblem(file, number, `expected a JSON object, found ${JSON.stringify(text.slice(0, 40))}`);
  }
  if (typeof line !== "object" || line === null || Array.isArray(line)) {
    throw new TraceProblem(file, number, `expected a JSON object, found ${text.slice(0, 40)}`);
  }
  return line as Record<string, unknown>;
}

function checkEnd(file: string, number: number, line: Record<string, unknown>, last: number, found: number): void {
  if (number !== last) throw new TraceProblem(file, number + 1, "expected nothing after the end line");
  if (line["ops"] !== found) {
    throw new TraceProblem(file, number, `expected ${JSON.stringify(line["ops"])} operations, found ${found}`);
  }
}
