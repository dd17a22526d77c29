/** How the logins of one run fared against their deadline. */
export interface LoginOutcome {
  readonly offered: number;
  readonly inTime: number;
  readonly deadlineNs: number;
  /** When the last one was answered, counted from the moment they all arrived. */
  readonly lastModelledNs: number;
}

/**
 * A storm of logins before one spawner: all arrive at time 0, and each is answered when the spawner has forked and
 * execed for it, one after another. A login is in time when its answer comes at the deadline or before it.
 */
export class LoginQueue {
  private readonly offered: number;
  private readonly deadlineNs: number;
  private answered = 0;
  private inTime = 0;
  private clockNs = 0;

  constructor(offered: number, deadlineNs: number) {
    this.offered = offered;
    this.deadlineNs = deadlineNs;
  }

  /** One login is answered, `busyNs` after the one before it. */
  answer(busyNs: number): void {
    this.answered++;
    this.clockNs += busyNs;
    if (this.clockNs <= this.deadlineNs) this.inTime++;
  }

  /**
   * @throws Error when not every login has been answered: a storm cut short would count the rest as missed.
   */
  outcome(): LoginOutcome {
    if (this.answered !== this.offered) {
      throw new Error(`${this.answered} of ${this.offered} logins were answered: run them all before asking`);
    }
    const { offered, inTime, deadlineNs } = this;
    return { offered, inTime, deadlineNs, lastModelledNs: this.clockNs };
  }
}
