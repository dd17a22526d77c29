import type { Words, WordsAllocator } from "@xsp/words";

/*
 * A domain is paused before it is destroyed, as Xen's toolstack does: its vCPUs run to where they would return to the
 * guest, or are preempted inside a hypercall, and never run again.
 *
 * One word: how many of the domain's vCPUs are inside Xen, and whether it is paused.
 */
const PAUSED = 1 << 8;
const INSIDE = PAUSED - 1;

/** Thrown out of a hypercall that is preempted and never continued. */
export class Paused extends Error {}

/** The first domain's vCPUs, as they enter and leave Xen, and the toolstack that pauses it. */
export class DomainPause {
  private readonly words: Words;

  constructor(allocate: WordsAllocator) {
    this.words = allocate(1, "pause");
  }

  /** A vCPU enters Xen. @returns false when the domain is paused: it never will. */
  enter(): boolean {
    const { words } = this;
    let x = words.load(0);
    for (;;) {
      if ((x & PAUSED) !== 0) return false;
      const seen = words.compareAndSwap(0, x, x + 1);
      if (seen === x) return true;
      x = seen;
    }
  }

  /** A vCPU leaves Xen, or is preempted there. */
  leave(): void {
    const { words } = this;
    let x = words.load(0);
    for (;;) {
      const seen = words.compareAndSwap(0, x, x - 1);
      if (seen === x) return;
      x = seen;
    }
  }

  /** Pauses the domain and waits until none of its vCPUs runs. */
  pause(): void {
    const { words } = this;
    let x = words.load(0);
    for (;;) {
      const seen = words.compareAndSwap(0, x, x | PAUSED);
      if (seen === x) break;
      x = seen;
    }
    x |= PAUSED;
    while ((x & INSIDE) !== 0) x = words.waitWhile(0, x);
  }
}
