/** How the logins of one run fared against their deadline. */
export interface LoginOutcome {
  readonly offered: number;
  readonly inTime: number;
  readonly deadlineNs: number;
  /** When the last one was answered, counted from the moment they all arrived. */
  readonly lastModelledNs: number;
  /** When each was answered, in the order of the answers. */
  readonly answeredNs: readonly number[];
}

/**
 * A storm of logins before one spawner: all arrive at time 0, and each is answered when the spawner has forked and
 * execed for it, one after another. A login is in time when its answer comes at the deadline or before it.
 */
export class LoginQueue {
  private readonly offered: number;
  private readonly deadlineNs: number;
  private readonly answeredNs: number[] = [];
  private inTime = 0;
  private clockNs = 0;

  constructor(offered: number, deadlineNs: number) {
    this.offered = offered;
    this.deadlineNs = deadlineNs;
  }

  /** One login is answered, `busyNs` after the one before it. */
  answer(busyNs: number): void {
    this.clockNs += busyNs;
    this.answeredNs.push(this.clockNs);
    if (this.clockNs <= this.deadlineNs) this.inTime++;
  }

  /**
   * @throws Error when not every login has been answered: a storm cut short would count the rest as missed.
   */
  outcome(): LoginOutcome {
    if (this.answeredNs.length !== this.offered) {
      throw new Error(`${this.answeredNs.length} of ${this.offered} logins were answered: run them all before asking`);
    }
    const { offered, inTime, deadlineNs, answeredNs } = this;
    return { offered, inTime, deadlineNs, lastModelledNs: this.clockNs, answeredNs };
  }
}
