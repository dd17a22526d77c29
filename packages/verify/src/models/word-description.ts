import { isShippedScheme } from "@xsp/hypervisor";
import type { SuperpageMachine } from "./superpage-machine.ts";

/*
 * Words of the machine the way Xen's logs print them, decoded: short enough for a column of a trace.
 */

const types = ["none", "L1", "L2", "L3", "L4", "seg", "6", "writable", "shared"] as const;

function describeType(word: number): string {
  const flags = [
    (word & (1 << 27)) !== 0 && "pinned",
    (word & (1 << 26)) === 0 && (word & 0x7fffff) !== 0 && "unvalidated",
    (word & (1 << 24)) !== 0 && "partial",
    (word & (1 << 23)) !== 0 && "locked",
  ].filter((flag) => flag !== false);
  return [`${types[word >>> 28] ?? word >>> 28} ${word & 0x7fffff}`, ...flags].join(" ");
}

function describeCount(word: number): string {
  const flags = [
    word >>> 31 === 1 && "allocated",
    (word & (1 << 30)) !== 0 && "xen heap",
    (word & (3 << 23)) === 3 << 23 && "free",
  ].filter((flag) => flag !== false);
  return [String(word & 0x7fffff), ...flags].join(" ");
}

/** `rfc` keeps a flag, `xen-4.1` a type and a count. */
function describeSgt(word: number): string {
  const type = ["none", "mark", "dynamic", "3"][word >>> 30] as string;
  return `${type} ${word & 0x1fffffff}`;
}

function describeSealed(word: number): string {
  if (word === 0) return "unused";
  const flags = [word >>> 31 === 1 && "busy", (word & (1 << 30)) !== 0 && "marked"].filter((flag) => flag !== false);
  return [...flags, `owner ${(word >>> 22) & 0xff} nR ${(word >>> 11) & 0x7ff} nW ${word & 0x7ff}`].join(" ");
}

function describeSlot(word: number): string {
  if (word === 0) return "unused";
  const count = word & 0x7fffff;
  return `owner ${(word >>> 23) & 0xff} ${count === 0 ? "kept" : `count ${count}`}`;
}

function describeEntry(lo: number): string {
  if ((lo & 1) === 0) return lo === 0 ? "empty" : `not present ${lo >>> 0}`;
  return `frame ${lo >>> 12} ${(lo & 2) === 0 ? "RO" : "RW"}${(lo & 0x80) === 0 ? "" : " 2M"}`;
}

/** Owner slot, and the TLB clock when the frame last lost its type. */
function describeOwner(half: number): string {
  return `slot ${half & 0xff}@${half >>> 8}`;
}

/** Says what a word of a machine means; a plain number where nothing better is known. */
export function describeWord(machine: SuperpageMachine, region: string, index: number, value: number): string {
  const { scheme } = machine.host;
  const words = scheme.wordsPerSuperpage;
  switch (region) {
    case "type_info":
      return describeType(value);
    case "count_info":
      return describeCount(value);
    case "superpage":
      if (scheme.describeWord !== undefined) return scheme.describeWord(index % words, value);
      if (!isShippedScheme(scheme.name)) return String(value);
      if (words === 1) return describeSgt(value);
      return index % words === 0 ? describeSealed(value) : `held ${value}`;
    case "superpage slots":
      return describeSlot(value);
    case "page memory":
      return index % 2 === 0 ? describeEntry(value) : String(value);
    case "owner":
      return `${describeOwner(value & 0xffff)}, ${describeOwner(value >>> 16)}`;
    case "tlb":
      return `frames 0b${(value >>> 0).toString(2)}`;
    default:
      return String(value);
  }
}

/** What the frames of the machine are, for reading a trace: `S = frames 2–3`. */
export function describeFrames(machine: SuperpageMachine): string {
  const { heads, host, l2, l1, directMap, vcpus } = machine;
  const tables = vcpus.map(
    (vcpu, index) => `vCPU ${index} (d${vcpu.domain.domid}): L2 table ${l2[index]}, L1 table ${l1[index]}`,
  );
  const kernel = directMap < 0 ? [] : [`the direct map's L1 table ${directMap}`];
  const entries = host.memory.entries * 2;
  const size = 1 << host.superpageOrder;
  const frames = heads.map((head) => (size === 1 ? String(head) : `${head}–${head + size - 1}`));
  return [
    `Frames: the superpage${heads.length === 1 ? "" : "s"} ${frames.join(", ")}`,
    ...tables,
    ...kernel,
    `"page memory" holds ${entries} words a frame`,
  ].join("; ");
}
