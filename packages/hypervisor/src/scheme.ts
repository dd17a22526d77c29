import type { Domain, Host, Vcpu } from "./host.ts";

/**
 * How superpages are accounted. The schemes differ in nothing else: each is these few functions behind the same
 * hypercalls. All frames given here are heads: aligned to the superpage, and the whole superpage is valid.
 *
 * Functions return 0 or a negated errno. Those with `preemptible` may stop between two chunks of their work when Xen is
 * asked to let something else run; the schemes as published never do.
 *
 * A scheme of your own is an object like this one, with {@link Scheme.expected}; `docs/how-to/write-a-scheme.md` goes through it.
 * What all of them keep to:
 *
 *  - Everything that two CPUs can race for is a {@link Words}: the scheme's own words are `host.superpage`, those of
 *    the superpage at `head` begin at `(head >> host.superpageOrder) * wordsPerSuperpage`, and all are 0 at first. A
 *    variable of the module is neither seen by the checker nor by the other hosts.
 *  - References come before the entry: when `map` has returned 0, whatever the entry relies on is held. They go after
 *    it: `unmap` is called when the entry is gone already.
 *  - A refusal changes nothing: what was taken is given back before a negated errno is returned. Nothing throws.
 *  - Nobody keeps a word locked when it returns, and nobody waits but for a word that another CPU will change.
 *  - When a superpage is free, its words are 0.
 */
export interface Scheme {
  /** For a scheme of your own: lower case, digits, `-` and `.`, and none of XSP's. It stands in results and tokens. */
  readonly name: SchemeName;
  /** Whether guests can mark superpages. Where they cannot, `mark` and `unmark` are never called. */
  readonly marks: boolean;
  /** Words that the scheme keeps for each superpage, 4 bytes each. */
  readonly wordsPerSuperpage: number;
  /**
   * Slots over which a superpage's entries are counted at most, two words each in `host.superpageSlots`; none where they
   * are counted in the superpage's own words. A scheme of your own has none, for the audit would not see them.
   */
  readonly slots?: number;
  /**
   * Takes what one PSE entry needs. The caller holds the lock of the entry's table, and nothing of the superpage: that
   * it is `domain`'s has still to be found out, by taking references in its name.
   *
   * @returns −EINVAL when it is another's, a frame has another type, or a count is at its limit; −EINTR when preempted: nothing is held for this entry, and another attempt finds part of the work done.
   */
  map(vcpu: Vcpu, domain: Domain, head: number, writable: boolean, preemptible: boolean): number;
  /**
   * Gives back what {@link Scheme.map} took for one PSE entry.
   *
   * @returns 0, or −ERESTART when preempted: the entry is done with all the same, and what it needed waits as the vCPU's
   * old superpage.
   */
  unmap(vcpu: Vcpu, head: number, writable: boolean, preemptible: boolean): number;
  /** Marks a superpage; marks do not nest. @returns as {@link Scheme.map}; −EINVAL when it is marked. */
  mark(vcpu: Vcpu, domain: Domain, head: number, preemptible: boolean): number;
  /**
   * Takes the mark away. When preempted it answers 0, and what the mark needed waits as the vCPU's old superpage.
   *
   * @returns −EINVAL when it is not marked, or another's; −EBUSY when the scheme refuses while entries exist.
   */
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
  /**
   * What must hold of a superpage when no hypercall is under way, for the audit, which the guest's tests and the
   * checker's S3 go by. A scheme of your own needs it; XSP's own schemes are known to the audit without.
   *
   * @param users - the users of the superpage at a head, as the page tables have them; none beyond the end of memory.
   */
  expected?(host: Host, head: number, users: (head: number) => SuperpageUsers): SuperpageExpectation;
  /** Says in a few words what a word of a superpage means, for traces; `place` counts from its first one. */
  describeWord?(place: number, word: number): string;
}

/** Who uses a superpage, counted from the page tables and not from any word of a scheme. */
export interface SuperpageUsers {
  /** Live writable entries. */
  readonly writers: number;
  /** Live read-only entries. */
  readonly readers: number;
  /** Whether it waits as some vCPU's old superpage: more may then be held than users need. */
  readonly waiting: boolean;
}

/** What a scheme's accounting of one superpage must come to. */
export interface SuperpageExpectation {
  /** Its words, {@link Scheme.wordsPerSuperpage} of them. */
  readonly words: readonly number[];
  /** The references on its frames that the scheme holds; runs may overlap, and add up. */
  readonly references: readonly FrameReferences[];
}

/** The same references on each of some frames. */
export interface FrameReferences {
  /** First frame, counted from the superpage's head. */
  readonly first: number;
  /** The frame after the last one, counted in the same way. */
  readonly end: number;
  readonly general: number;
  /** Type references as writable pages. */
  readonly writable: number;
}

/** The name of a scheme: one of XSP's, or of your own. */
export type SchemeName = ShippedSchemeName | (string & Record<never, never>);

/** The names of XSP's own schemes. */
export type ShippedSchemeName =
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
