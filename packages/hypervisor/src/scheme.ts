import type { Domain, Host, Vcpu } from "./host.ts";

/**
 * How superpages are accounted. The schemes differ in nothing else: each is these few functions behind the same
 * hypercalls. All frames given here are heads: aligned to the superpage, and the whole superpage is valid.
 *
 * Functions return 0 or a negated errno.
 */
export interface Scheme {
  readonly name: SchemeName;
  /** Whether guests can mark superpages. */
  readonly marks: boolean;
  /** Words that the scheme keeps for each superpage. */
  readonly wordsPerSuperpage: number;
  /** Takes what one PSE entry needs. */
  map(vcpu: Vcpu, domain: Domain, head: number, writable: boolean): number;
  /** Gives back what {@link Scheme.map} took for one PSE entry. */
  unmap(vcpu: Vcpu, head: number, writable: boolean): void;
  mark(vcpu: Vcpu, domain: Domain, head: number): number;
  unmark(vcpu: Vcpu, domain: Domain, head: number): number;
  /** Clears the mark of a superpage of a dying domain, and finishes what was left half done. */
  relinquish(vcpu: Vcpu, domain: Domain, head: number): void;
  /** The superpage's word decoded. */
  state(host: Host, head: number): SuperpageState;
}

/** The names of the schemes. */
export type SchemeName =
  | "per-frame"
  | "rfc"
  | "rfc-busy-over-1"
  | "rfc-busy-over-2"
  | "xen-4.1"
  | "sealed"
  | "sealed-deferred";

/** A superpage's own word, decoded. */
export interface SuperpageState {
  readonly type: "none" | "mark" | "dynamic";
  /** Uses that the word counts: superpage PTEs, and under `xen-4.1` one for the mark. */
  readonly count: number;
  readonly marked: boolean;
  readonly busy: boolean;
}
