import type { Domain, Host, Vcpu } from "./host.ts";

/**
 * How superpages are accounted. The schemes differ in nothing else: each is these few functions behind the same
 * hypercalls. All frames given here are heads: aligned to the superpage, and the whole superpage is valid.
 *
 * Functions return 0 or a negated errno. Those with `preemptible` may stop between two chunks of their work when Xen is
 * asked to let something else run; the schemes as published never do.
 */
export interface Scheme {
  readonly name: SchemeName;
  /** Whether guests can mark superpages. */
  readonly marks: boolean;
  /** Words that the scheme keeps for each superpage. */
  readonly wordsPerSuperpage: number;
  /** Slots over which a superpage's entries are counted at most, two words each; 0 where they are counted in one word. */
  readonly slots: number;
  /**
   * Takes what one PSE entry needs.
   *
   * @returns −EINTR when preempted: nothing is held for this entry, and another attempt finds part of the work done.
   */
  map(vcpu: Vcpu, domain: Domain, head: number, writable: boolean, preemptible: boolean): number;
  /**
   * Gives back what {@link Scheme.map} took for one PSE entry.
   *
   * @returns 0, or −ERESTART when preempted: the entry is done with all the same, and what it needed waits as the vCPU's
   * old superpage.
   */
  unmap(vcpu: Vcpu, head: number, writable: boolean, preemptible: boolean): number;
  /** Marks a superpage. @returns as {@link Scheme.map}. */
  mark(vcpu: Vcpu, domain: Domain, head: number, preemptible: boolean): number;
  /** Takes the mark away. When preempted it answers 0, and what the mark needed waits as the vCPU's old superpage. */
  unmark(vcpu: Vcpu, domain: Domain, head: number, preemptible: boolean): number;
  /**
   * Clears the mark of a superpage of a dying domain, and gives back what is held and not needed.
   *
   * @returns 0, or −ERESTART when preempted: the rest waits as the vCPU's old superpage.
   */
  relinquish(vcpu: Vcpu, domain: Domain, head: number, preemptible: boolean): number;
  /**
   * Gives back what is held of a superpage and not needed by its users.
   *
   * @param slot - the owner for whom it was taken; of another's superpage nothing is given back.
   * @returns 0, or −ERESTART when preempted.
   */
  trim(vcpu: Vcpu, slot: number, head: number, preemptible: boolean): number;
  /** Whether there is anything for {@link Scheme.trim} to do. */
  leftOver(host: Host, slot: number, head: number): boolean;
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
  | "sealed-deferred"
  | "sealed-percpu";

/** A superpage's own word, decoded. */
export interface SuperpageState {
  readonly type: "none" | "mark" | "dynamic";
  /** Uses that the word counts: superpage PTEs, and under `xen-4.1` one for the mark. */
  readonly count: number;
  readonly marked: boolean;
  readonly busy: boolean;
}
