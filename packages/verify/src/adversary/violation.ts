import { audit, destroyDomain, mfn, ownerOf, readCount, readType, superpageState } from "@xsp/hypervisor";
import type { TraceMachine } from "../replay/trace-machine.ts";

/** Something that must never happen, whatever the guests do. */
export interface Violation {
  /**
   * The hypervisor threw, or touched words beyond its tables; the audit counted otherwise; a guest can write a table in
   * use; linear page tables are nested deeper than one; destruction left something behind.
   */
  readonly kind: "exception" | "audit" | "exclusion" | "depth" | "residue";
  /** What was seen, in words. */
  readonly detail: string;
  /** The same for violations of one cause: the detail without its numbers. */
  readonly signature: string;
}

/** Makes a violation; its signature is the text of the detail without frame numbers and counts. */
export function violation(kind: Violation["kind"], detail: string): Violation {
  return { kind, detail, signature: `${kind}: ${detail.replaceAll(/(0x[0-9a-f]+|-?\d+)/gi, "#")}` };
}

/** Recounts everything and names the first difference. */
export function auditViolation(machine: TraceMachine): Violation | undefined {
  const [first] = audit(machine.host);
  if (first === undefined) return undefined;
  const { mfn: frame, word, expected, found, reason } = first;
  return violation("audit", `${word} of frame ${frame}: expected ${expected}, found ${found}: ${reason}`);
}

/**
 * Destroys all guests and looks for what is left of them.
 *
 * @param freeBefore - frames that were in the heap before the guests were built.
 */
export function destructionViolation(machine: TraceMachine, freeBefore: number): Violation | undefined {
  const { host, guests } = machine;
  for (const { domain } of guests) {
    const rc = destroyDomain(domain);
    if (rc !== 0) return violation("residue", `destruction of a domain returned ${rc}`);
  }
  for (let frame = 0; frame < host.frames; frame++) {
    const left = residueOf(machine, frame);
    if (left !== undefined) return violation("residue", `frame ${frame} after all guests are destroyed: ${left}`);
  }
  if (host.freeFrames !== freeBefore) {
    return violation("residue", `${host.freeFrames} frames in the heap, ${freeBefore} before the guests were built`);
  }
  return auditViolation(machine);
}

/** What a frame of the heap still carries, if anything. Frames of Xen's own stay as they are. */
function residueOf({ host, superpageFrames }: TraceMachine, frame: number): string | undefined {
  if (frame < superpageFrames) return undefined;
  const at = mfn(frame);
  const { count, allocated } = readCount(host, at);
  if (count !== 0 || allocated) return `general count ${count}${allocated ? ", allocated" : ""}`;
  const owner = ownerOf(host, at);
  if (owner !== undefined) return `owner ${owner}`;
  const { typeName, typeCount, pinned, partial } = readType(host, at);
  if (typeCount !== 0 || pinned || partial) return `type ${typeName}, count ${typeCount}`;
  if (frame % superpageFrames !== 0) return undefined;
  const { type, count: uses, marked } = superpageState(host, at);
  if (type !== "none" || uses !== 0 || marked) return `superpage ${type}, count ${uses}`;
  return undefined;
}
