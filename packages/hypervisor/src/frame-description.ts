import { type CountInfo, decodeCountInfo } from "./count-info.ts";
import type { Host } from "./host.ts";
import { OWNER_NONE, loadOwner } from "./owner-info.ts";
import { noteEntries, noteLinear } from "./page-table-note.ts";
import type { SuperpageState } from "./scheme.ts";
import { type TypeInfo, decodeTypeInfo } from "./type-info.ts";

/*
 * Looking at frames from outside: for tests, dumps and explanations, never for a guest's decisions.
 */

/** A frame's `type_info` decoded, with what is kept about it as a page table. */
export interface FrameType extends TypeInfo {
  /** Linear references: positive held by this table, negative endured. */
  readonly linear: number;
  /** Entries that hold references while the table is partial. */
  readonly entriesValidated: number;
}

/** Decodes a frame's `count_info`. */
export function readCount(host: Host, frame: number): CountInfo {
  return decodeCountInfo(host.count.load(frame));
}

/** Decodes a frame's `type_info`. */
export function readType(host: Host, frame: number): FrameType {
  const note = host.memory.loadNote(frame);
  const { typeName, typeCount, pinned, validated, partial, locked } = decodeTypeInfo(host.type.load(frame));
  const linear = noteLinear(note);
  // Written out: a spread costs half a microsecond, and traces look at frames a million times.
  return { typeName, typeCount, pinned, validated, partial, locked, linear, entriesValidated: noteEntries(note) };
}

/** Id of the domain that owns a frame; undefined when nobody does. */
export function ownerOf(host: Host, frame: number): number | undefined {
  const slot = loadOwner(host.owner, frame);
  return slot === OWNER_NONE ? undefined : host.domains[slot]?.domid;
}

/** A superpage's own word, decoded by the host's scheme. `head` is its first frame. */
export function superpageState(host: Host, head: number): SuperpageState {
  return host.scheme.state(host, head);
}

/** Prints a frame as Xen's logs do: `mfn=… caf=… taf=…`, then the words decoded. */
export function describeFrame(host: Host, frame: number): string {
  if (!host.mfnValid(frame)) return `mfn=${frame.toString(16)} is no frame of this host`;
  const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");
  const count = readCount(host, frame);
  const type = readType(host, frame);
  const flags = [
    type.pinned && "pinned",
    type.validated && "validated",
    type.partial && "partial",
    type.locked && "locked",
    count.allocated && "allocated",
    count.free && "free",
    count.xenHeap && "xen heap",
  ].filter((flag) => flag !== false);
  const owner = ownerOf(host, frame);
  return (
    `mfn=${frame.toString(16)} caf=${hex(host.count.load(frame))} taf=${hex(host.type.load(frame))} ` +
    `(${owner === undefined ? "no owner" : `d${owner}`}, count ${count.count}, ${type.typeName} ${type.typeCount}` +
    `${type.linear === 0 ? "" : `, linear ${type.linear}`}${flags.length > 0 ? `, ${flags.join(", ")}` : ""})`
  );
}
