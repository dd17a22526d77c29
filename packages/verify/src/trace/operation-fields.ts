import type { TraceOperation } from "./trace-operation.ts";

/** What stands in a field. */
type FieldKind = keyof typeof fieldKinds;

const frameName = /^(s\d+\+\d+|p\d+|g4|tl1|tl2|tl2b|tl3|0x[0-9a-f]{1,16})$/;
const isFrame = (value: unknown): boolean => typeof value === "string" && frameName.test(value);
const isWhole = (value: unknown): boolean => Number.isSafeInteger(value);
const isHex = (value: unknown): boolean => typeof value === "string" && /^0x[0-9a-f]{1,16}$/.test(value);
const isEntry = (value: unknown): boolean => isObject(value) && faultIn(value, entryFields) === undefined;
const isCommand = (value: unknown): boolean =>
  isObject(value) && faultIn(value, { cmd: "whole", f: "frame" }) === undefined;
const isOperation = (value: unknown): boolean => isObject(value) && operationFault(value) === undefined;
const isListOf = (value: unknown, test: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(test);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const fieldKinds = {
  frame: { expected: 'a frame ("s0+17", "p3", "g4", "tl1", "0x1ffe0")', test: isFrame },
  frameOrNull: { expected: "a frame or null", test: (value: unknown) => value === null || isFrame(value) },
  whole: { expected: "a whole number", test: isWhole },
  wholeOrAbsent: { expected: "a whole number", test: (value: unknown) => value === undefined || isWhole(value) },
  hex: { expected: 'a hexadecimal number of at most 64 bits ("0x87")', test: isHex },
  bit: { expected: "a bit number 0…63", test: (value: unknown) => isWhole(value) && value === (Number(value) & 63) },
  entries: {
    expected: "a list of { t, idx, v, fl }",
    test: (value: unknown) => isListOf(value, isEntry),
  },
  commands: { expected: "a list of { cmd, f }", test: (value: unknown) => isListOf(value, isCommand) },
  text: { expected: "text", test: (value: unknown) => typeof value === "string" },
  operationsOrAbsent: {
    expected: "a list of operations",
    test: (value: unknown) => value === undefined || isListOf(value, isOperation),
  },
  textOrAbsent: { expected: "text", test: (value: unknown) => value === undefined || typeof value === "string" },
  list: { expected: "a list", test: (value: unknown) => Array.isArray(value) },
} as const;

const entryFields: Readonly<Record<string, FieldKind>> = { t: "frame", idx: "whole", v: "frameOrNull", fl: "hex" };
const onFrame: Readonly<Record<string, FieldKind>> = { f: "frame" };

/** The arguments of each operation. */
const operationFields: ReadonlyMap<string, Readonly<Record<string, FieldKind>>> = new Map<
  TraceOperation["op"],
  Readonly<Record<string, FieldKind>>
>([
  ["mark", onFrame],
  ["unmark", onFrame],
  ["unpin", onFrame],
  ["ubase", onFrame],
  ["base", onFrame],
  ["clear", onFrame],
  ["free", onFrame],
  ["cloneroot", onFrame],
  ["pin", { lvl: "whole", f: "frame" }],
  ["copy", { f: "frame", src: "frame" }],
  ["flush", {}],
  ["mmu", { ...entryFields, cmd: "wholeOrAbsent" }],
  ["uva", entryFields],
  ["rd", entryFields],
  ["dm", { f: "frame", fl: "hex" }],
  ["uvaraw", { va: "hex", v: "frameOrNull", fl: "hex" }],
  ["batch", { u: "entries", done: "whole" }],
  ["extbatch", { u: "commands", done: "whole" }],
  ["ext", { cmd: "whole", f: "frame", a2: "frame", dom: "hex" }],
  ["mmuraw", { pf: "frame", plow: "hex", vf: "frame", vfl: "hex", dom: "hex" }],
  ["flag", { t: "frame", idx: "whole", v: "frame", bit: "bit" }],
  ["l2flag", { bit: "bit" }],
  ["gdt", { f: "frameOrNull" }],
  ["ldt", { la: "hex", n: "whole" }],
  ["touch", { slot: "whole", frame: "whole", val: "hex", ok: "whole" }],
  ["call", { call: "text", args: "list" }],
]);

/** Names the first field of an object which does not hold what it should, or nothing. */
function faultIn(line: Record<string, unknown>, fields: Readonly<Record<string, FieldKind>>): string | undefined {
  for (const name in fields) {
    const kind = fieldKinds[fields[name] as FieldKind];
    if (!kind.test(line[name])) return `expected "${name}" to be ${kind.expected}, found ${JSON.stringify(line[name])}`;
  }
  return undefined;
}

/**
 * Looks an operation line over.
 *
 * @returns what is wrong with it and what was expected; `undefined` when it is a {@link TraceOperation}.
 */
export function operationFault(line: Record<string, unknown>): string | undefined {
  const fields = typeof line["op"] === "string" ? operationFields.get(line["op"]) : undefined;
  if (fields === undefined) {
    return `expected "op" to be one of ${[...operationFields.keys()].join(", ")}; found ${JSON.stringify(line["op"])}`;
  }
  if (!isWhole(line["i"])) return `expected "i" to be a whole number, found ${JSON.stringify(line["i"])}`;
  if (!isWhole(line["rc"])) return `expected "rc" to be a whole number, found ${JSON.stringify(line["rc"])}`;
  return (
    faultIn(line, { ...fields, meanwhile: "operationsOrAbsent", throws: "textOrAbsent" }) ??
    tupleFault(line["st"], "st", 5) ??
    tupleFault(line["sp"], "sp", 4)
  );
}

function tupleFault(states: unknown, name: string, length: number): string | undefined {
  if (states === undefined) return undefined;
  if (!isObject(states)) return `expected "${name}" to be an object, found ${JSON.stringify(states)}`;
  for (const frame in states) {
    const tuple = states[frame];
    if (!Array.isArray(tuple) || tuple.length !== length) {
      return `expected "${name}" of ${frame} to be a list of ${length}, found ${JSON.stringify(tuple)}`;
    }
  }
  return undefined;
}
