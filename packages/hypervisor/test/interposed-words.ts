import { AccessCounter, AccessKind } from "@xsp/words";

/** When another vCPU acts. */
interface Moment {
  readonly region: string;
  readonly kind: AccessKind;
  /** How many such accesses pass before it acts. */
  pass: number;
  readonly act: () => void;
}

/**
 * Memory in which another vCPU acts right before an access that is named by its region and kind: one interleaving, always
 * the same. Every access is counted.
 */
export class InterposedWords extends AccessCounter {
  private readonly moments: Moment[] = [];
  private acting = false;

  /** Before the next swap of a region's words, after those that were asked for before; `pass` swaps go by first. */
  beforeSwap(region: string, act: () => void, pass = 0): void {
    this.moments.push({ region, kind: AccessKind.compareAndSwap, act, pass });
  }

  /** Before the next load, likewise. */
  beforeLoad(region: string, act: () => void, pass = 0): void {
    this.moments.push({ region, kind: AccessKind.load, act, pass });
  }

  /** Moments that have not come yet. */
  get left(): number {
    return this.moments.length;
  }

  override access(kind: AccessKind, address: number, value: number, desired: number): number {
    const moment = this.moments[0];
    if (!this.acting && moment?.kind === kind && this.regionOf(address) === moment.region && moment.pass-- === 0) {
      this.moments.shift();
      this.acting = true;
      moment.act();
      this.acting = false;
    }
    return super.access(kind, address, value, desired);
  }

  private regionOf(address: number): string | undefined {
    return this.regions.find(({ base, length }) => address >= base && address < base + length)?.name;
  }
}
