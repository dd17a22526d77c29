import { EBUSY, EINVAL, type SchemeName } from "../../src/index.ts";

/*
 * What each scheme must answer and hold, from its description alone: the oracle of the scheme tests.
 */

export type Operation = "map RW" | "map RO" | "unmap RW" | "unmap RO" | "mark" | "unmark";
export const operations: readonly Operation[] = ["map RW", "map RO", "unmap RW", "unmap RO", "mark", "unmark"];

/** One superpage as its users see it. */
export class SuperpageModel {
  writers = 0;
  readers = 0;
  marked = false;
  readonly scheme: SchemeName;
  /** Writable count of each frame before any superpage use: 0 highmem, 1 lowmem. */
  readonly base: number;

  constructor(scheme: SchemeName, base: number) {
    this.scheme = scheme;
    this.base = base;
  }

  get uses(): number {
    return this.writers + this.readers;
  }

  /** Whether the scheme as published is safe for this operation now: `rfc` is not while entries exist. */
  documented(operation: Operation): boolean {
    if (operation === "unmap RW") return this.writers > 0;
    if (operation === "unmap RO") return this.readers > 0;
    if (operation !== "mark" && operation !== "unmark") return true;
    if (this.scheme === "per-frame") return false;
    return !this.scheme.startsWith("rfc") || this.uses === 0;
  }

  /** Does it; answers what the hypercall must return. */
  apply(operation: Operation): number {
    switch (operation) {
      case "map RW":
        this.writers++;
        return 0;
      case "map RO":
        this.readers++;
        return 0;
      case "unmap RW":
        this.writers--;
        return 0;
      case "unmap RO":
        this.readers--;
        return 0;
      case "mark":
        if (this.marked) return -EINVAL;
        this.marked = true;
        return 0;
      case "unmark":
        return this.unmark();
    }
  }

  private unmark(): number {
    if (!this.marked) return -EINVAL;
    if ((this.scheme === "sealed" || this.scheme === "sealed-percpu") && this.uses > 0) return -EBUSY;
    if (this.scheme === "rfc-busy-over-1" && this.headTypes > 1) return -EBUSY;
    if (this.scheme === "rfc-busy-over-2" && this.headTypes > 2) return -EBUSY;
    this.marked = false;
    return 0;
  }

  private get headTypes(): number {
    return this.base + (this.held?.[1] ?? 0) + this.headExtra[1];
  }

  /** General and type references on each frame beyond those it has anyway. */
  private get held(): readonly [number, number] {
    const { scheme, writers, uses, marked } = this;
    if (scheme === "per-frame" || (scheme.startsWith("rfc") && !marked)) return [uses, writers];
    if (scheme.startsWith("rfc")) return [1, 1];
    if (scheme === "xen-4.1") return uses > 0 || marked ? [1, 1] : [0, 0];
    return [uses > 0 || marked ? 1 : 0, writers > 0 || marked ? 1 : 0];
  }

  /** What the head frame has more than the others. */
  private get headExtra(): readonly [number, number] {
    return this.scheme.startsWith("rfc") && this.marked ? [this.uses, this.writers] : [0, 0];
  }

  /** General and type count of each of `frames` frames. */
  counts(frames: number): [number, number][] {
    const [general, types] = this.held;
    return Array.from({ length: frames }, (_, i): [number, number] => [
      1 + this.base + general + (i === 0 ? this.headExtra[0] : 0),
      this.base + types + (i === 0 ? this.headExtra[1] : 0),
    ]);
  }

  /** What the superpage's own word says. */
  state(): { type: string; count: number; marked: boolean; busy: boolean } {
    const { scheme, uses, marked } = this;
    const counted = scheme === "xen-4.1" ? uses + (marked ? 1 : 0) : scheme.startsWith("sealed") ? uses : 0;
    return { type: marked ? "mark" : counted > 0 ? "dynamic" : "none", count: counted, marked, busy: false };
  }
}
