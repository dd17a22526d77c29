import { TraceProblem } from "./trace-problem.ts";
import { parseWord64, numberOfWord64 } from "./word64.ts";

/**
 * The machine of a trace that did not come from a real Xen: what the adversary ran on. An extension of the recorded
 * format; recorded traces have none, their machine follows from the file's name.
 */
export interface TraceMachineOptions {
  readonly scheme: string;
  readonly version: string;
  readonly superpagesAllowed: boolean;
  readonly superpageOrder: number;
  readonly tableOrder: number;
  /** Guests, each with the same share of memory. */
  readonly guests: number;
  /** Superpages of each guest. */
  readonly superpages: number;
  /** Of the questions whether a hypercall is to be preempted, each so many-th is answered yes; 0: none. */
  readonly preemptEvery: number;
  /** vCPUs of each guest, 1 or 2. Not there: 1. */
  readonly vcpus?: number;
  /** Advisories whose fixes are taken out. Not there: none. */
  readonly unfixed?: readonly string[];
}

/** The first line of a trace. */
export interface TraceHeader {
  /** How the trace was made: the guest's command line, or the adversary's. */
  readonly args: string;
  /** Highest machine frame plus one. */
  readonly maxPage: number;
  /** Frames of the guest. */
  readonly guestFrames: number;
  /** Whether frame tuples were read after each operation. */
  readonly probe: boolean;
  /** First frames of the superpages s0, s1, … */
  readonly superpages: readonly number[];
  /** The frames p0, p1, … */
  readonly pool: readonly number[];
  /** The frames g4, tl3, tl2, tl2b, tl1. */
  readonly tables: Readonly<Record<TableName, number>>;
  readonly machine?: TraceMachineOptions;
}

/** The page tables that a trace names. */
type TableName = "g4" | "tl3" | "tl2" | "tl2b" | "tl1";
const tableNames: readonly TableName[] = ["g4", "tl3", "tl2", "tl2b", "tl1"];

/**
 * Reads a trace's header line.
 *
 * @throws TraceProblem naming the field that is not as expected.
 */
export function parseTraceHeader(file: string, line: Record<string, unknown>): TraceHeader {
  const wrong = (name: string, expected: string): TraceProblem =>
    new TraceProblem(file, 1, `expected "${name}" to be ${expected}, found ${JSON.stringify(line[name])}`);
  if (line["hdr"] !== 1) throw wrong("hdr", "1: the first line of a trace is its header");
  const frame = (name: string, value: unknown): number => {
    const word = typeof value === "string" ? parseWord64(value) : undefined;
    const found = word === undefined ? undefined : numberOfWord64(word);
    if (found === undefined) throw wrong(name, 'a frame number ("0x1ffe0")');
    return found;
  };
  const frames = (name: string): number[] => {
    const list = line[name];
    if (!Array.isArray(list)) throw wrong(name, "a list of frame numbers");
    return list.map((value) => frame(name, value));
  };
  const guestFrames = line["nr_pages"];
  if (typeof guestFrames !== "number") throw wrong("nr_pages", "a whole number");
  const header = {
    args: typeof line["args"] === "string" ? line["args"] : "",
    maxPage: frame("max_page", line["max_page"]),
    guestFrames,
    probe: line["probe"] === 1,
    superpages: frames("sps"),
    pool: frames("pool"),
    tables: Object.fromEntries(tableNames.map((name) => [name, frame(name, line[name])])) as Record<TableName, number>,
  };
  const machine = line["machine"];
  return machine === undefined ? header : { ...header, machine: machineOptions(file, machine) };
}

/** Writes a header as {@link parseTraceHeader} reads it. */
export function formatTraceHeader(header: TraceHeader): string {
  const hex = (frame: number): string => `0x${frame.toString(16)}`;
  return JSON.stringify({
    hdr: 1,
    args: header.args,
    max_page: hex(header.maxPage),
    nr_pages: header.guestFrames,
    probe: header.probe ? 1 : 0,
    sps: header.superpages.map(hex),
    pool: header.pool.map(hex),
    ...Object.fromEntries(tableNames.map((name) => [name, hex(header.tables[name])])),
    ...(header.machine === undefined ? {} : { machine: header.machine }),
  });
}

const machineFields = {
  scheme: "string",
  version: "string",
  superpagesAllowed: "boolean",
  superpageOrder: "number",
  tableOrder: "number",
  guests: "number",
  superpages: "number",
  preemptEvery: "number",
} as const satisfies Record<Exclude<keyof TraceMachineOptions, "unfixed" | "vcpus">, string>;

function machineOptions(file: string, value: unknown): TraceMachineOptions {
  const fields = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  for (const [name, type] of Object.entries(machineFields)) {
    const found = fields[name];
    if (typeof found !== type) {
      throw new TraceProblem(file, 1, `expected "machine.${name}" to be a ${type}, found ${JSON.stringify(found)}`);
    }
  }
  const vcpus = fields["vcpus"];
  if (vcpus !== undefined && vcpus !== 1 && vcpus !== 2) {
    throw new TraceProblem(file, 1, `expected "machine.vcpus" to be 1 or 2, found ${JSON.stringify(vcpus)}`);
  }
  const unfixed = fields["unfixed"];
  if (unfixed !== undefined && !(Array.isArray(unfixed) && unfixed.every((name) => typeof name === "string"))) {
    throw new TraceProblem(
      file,
      1,
      `expected "machine.unfixed" to be a list of advisories, found ${JSON.stringify(unfixed)}`,
    );
  }
  return fields as unknown as TraceMachineOptions;
}
