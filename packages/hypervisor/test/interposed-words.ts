import { AccessCounter, AccessKind } from "@xsp/words";

/** When another vCPU acts. */
interface Moment {
  /** Of all regions where there is none. */
  readonly region?: string;
  readonly kinds: readonly AccessKind[];
  /** How many such accesses pass before it acts. */
  pass: number;
  readonly act: () => void;
}

/**
 * Memory in which another vCPU acts right before an access: between a load and the swap that relies on it, at which every
 * retry loop of the hypervisor must look again. One interleaving, always the same. What acts is not acted before itself;
 * nothing of the loops is replaced; every access is counted.
 */
export class InterposedWords extends AccessCounter {
  private readonly moments: Moment[] = [];
  private acting = false;

  /** Before the next swaps or waits, wherever they are: each acts once, one before each of them. */
  before(...acts: readonly (() => void)[]): void {
    const kinds = [AccessKind.compareAndSwap, AccessKind.waitWhile];
    this.moments.push(...acts.map((act) => ({ kinds, act, pass: 0 })));
  }

  /** Before the next swap of a region's words, after those that were asked for before; `pass` swaps go by first. */
  beforeSwap(region: string, act: () => void, pass = 0): void {
    this.moments.push({ region, kinds: [AccessKind.compareAndSwap], act, pass });
  }

  /** Before the next load, likewise. */
  beforeLoad(region: string, act: () => void, pass = 0): void {
    this.moments.push({ region, kinds: [AccessKind.load], act, pass });
  }

  /** Moments that have not come yet. */
  get left(): number {
    return this.moments.length;
  }

  override access(kind: AccessKind, address: number, value: number, desired: number): number {
    const moment = this.moments[0];
    if (!this.acting && moment !== undefined && this.isOf(moment, kind, address) && moment.pass-- === 0) {
      this.moments.shift();
      this.acting = true;
      moment.act();
      this.acting = false;
    }
    return super.access(kind, address, value, desired);
  }

  private isOf({ region, kinds }: Moment, kind: AccessKind, address: number): boolean {
    if (!kinds.includes(kind)) return false;
    if (region === undefined) return true;
    return this.regions.some(({ name, base, length }) => name === region && address >= base && address < base + length);
  }
}
