import { DOMID_IO, DOMID_SELF, DOMID_XEN } from "./hypercall-numbers.ts";
import type { Domain, Vcpu } from "../host.ts";
import { OWNER_FIRST_DOMAIN, OWNER_IO, OWNER_XEN } from "../owner-info.ts";
import { getPage } from "../page-references.ts";

/*
 * What all hypercalls do with their arguments before anything else.
 */

/** A 64-bit argument that names a frame, as a number: what is lost above 2^53 is no frame of any machine. */
export function frameArgument(lo: number, hi: number): number {
  return (hi >>> 0) * 0x1_0000_0000 + (lo >>> 0);
}

/** Frame of a 64-bit machine address. */
export function frameOfAddress(lo: number, hi: number): number {
  return (hi >>> 0) * 0x10_0000 + (lo >>> 12);
}

/** A register: whatever is no number is 0. */
export function numberArgument(argument: unknown): number {
  return typeof argument === "number" ? argument : 0;
}

/** Words of guest memory that hold requests; anything else faults. */
export function guestWords(argument: unknown): Int32Array | undefined {
  return argument instanceof Int32Array ? argument : undefined;
}

/**
 * The domain that a request's frames belong to: `get_pg_owner`.
 *
 * @returns undefined where Xen answers ESRCH: unknown ids, and the caller's own id (it must say `DOMID_SELF`).
 */
export function getPgOwner(vcpu: Vcpu, domid: number): Domain | undefined {
  const { host, domain } = vcpu;
  if (domid === DOMID_SELF) return domain;
  if (domid === domain.domid) return undefined;
  if (domid === DOMID_IO) return host.domains[OWNER_IO];
  if (domid === DOMID_XEN) return host.domains[OWNER_XEN];
  return host.findDomain(domid);
}

/** Whether a domain may act on another's memory. */
export function mayActOn(actor: Domain, target: Domain): boolean {
  return actor === target || actor.privileged;
}

/** Takes a general reference on a guest's frame: `get_page_from_gfn` for a PV domain. */
export function getPageFromGfn(owner: Domain, frame: number): boolean {
  const { host } = owner;
  if (owner.slot < OWNER_FIRST_DOMAIN || !host.mfnValid(frame)) {
    host.refuse("getPageFromGfn: no frame of that domain", frame, 0);
    return false;
  }
  return getPage(host, frame, owner.slot);
}

/** Says that a hypercall was preempted and goes on now: other vCPUs may have run. */
export function continueHypercall(vcpu: Vcpu): void {
  vcpu.host.perf.continuations++;
  vcpu.host.continued(vcpu);
}
