import { type AccessKind, allocatePlainWords } from "@xsp/words";
import type { Scheme, SchemeName } from "../../src/index.ts";
import {
  SEALED_busy,
  SEALED_mark,
  SEALED_owner_mask,
  SEALED_owner_shift,
  SEALED_readers_mask,
  SEALED_readers_shift,
  SEALED_writers_mask,
} from "../../src/sealed-info.ts";
import { InterposedWords } from "../interposed-words.ts";
import { type SmallGuest, frameCounts, guestAt, smallHost } from "../small-host.ts";

/*
 * `sealed` called as the hypercalls call it, on superpage words for which another CPU competes, and what there is of a
 * superpage afterwards.
 */

/** Contended memory that keeps what kinds of access were made to it. */
class LoggedWords extends InterposedWords {
  readonly kinds: AccessKind[] = [];

  override access(kind: AccessKind, address: number, value: number, desired: number): number {
    this.kinds.push(kind);
    return super.access(kind, address, value, desired);
  }
}

export interface SealedGuest extends SmallGuest {
  readonly scheme: Scheme;
  readonly words: LoggedWords;
  /** The guest's first superpage. */
  readonly head: number;
  /** Another guest on the same host. */
  readonly other: SmallGuest;
  map(writable: boolean): number;
  unmap(writable: boolean): number;
  mark(): number;
  unmark(): number;
  trim(): number;
}

/** Which regions are on contended memory: the superpage words, and for an intrusion amid the work the types as well. */
export type Contended = readonly ("superpage" | "type_info" | "count_info")[];

export function sealedGuest(
  scheme: SchemeName | Scheme,
  contended: Contended = ["superpage"],
  preempt?: () => boolean,
): SealedGuest {
  const words = new LoggedWords();
  const host = smallHost({
    scheme,
    superpages: 6,
    allocate: (length, name) =>
      contended.some((region) => region === name) ? words.allocate(length, name) : allocatePlainWords(length),
    ...(preempt && { preempt }),
  });
  const guest = guestAt(host, 1, 2);
  const other = guestAt(host, 3, 2);
  const { vcpu, domain, start: head } = guest;
  return {
    ...guest,
    scheme: host.scheme,
    words,
    head,
    other,
    map: (writable) => host.scheme.map(vcpu, domain, head, writable, false),
    unmap: (writable) => host.scheme.unmap(vcpu, head, writable, false),
    mark: () => host.scheme.mark(vcpu, domain, head, false),
    unmark: () => host.scheme.unmark(vcpu, domain, head, false),
    trim: () => host.scheme.trim(vcpu, domain.slot, head, false),
  };
}

/** Where the state word of the guest's superpage stands; `held` is the next one. */
export function stateWord({ host, head }: SealedGuest): number {
  return 2 * (head >> host.superpageOrder);
}

/** The superpage in a line: flags, owner, entries, references held, then general and type counts of its frames. */
export function facts(guest: SealedGuest): string {
  const { host, domain, other, head } = guest;
  const word = host.superpage.load(stateWord(guest));
  const slot = (word & SEALED_owner_mask) >>> SEALED_owner_shift;
  const owners = new Map([
    [0, "nobody's"],
    [domain.slot, "own"],
    [other.domain.slot, "the other's"],
  ]);
  const flags = `${(word & SEALED_busy) === 0 ? "" : "busy "}${(word & SEALED_mark) === 0 ? "" : "marked "}`;
  const readers = (word & SEALED_readers_mask) >>> SEALED_readers_shift;
  const counts = frameCounts(host, head).map(([general, type]) => `${general}/${type}`);
  const frames = new Set(counts).size === 1 ? counts.slice(0, 1) : counts;
  const held = host.superpage.load(stateWord(guest) + 1);
  return `${flags}${owners.get(slot) ?? slot} w${word & SEALED_writers_mask} r${readers} held ${held}: ${frames.join(" ")}`;
}

/** What a call answers, or that it waits for a busy superpage. */
export function answerOf(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("deadlock")) return "waits";
    throw error;
  }
}
