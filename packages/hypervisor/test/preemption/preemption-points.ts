import type { Vcpu } from "../../src/index.ts";

/*
 * Preemption at will: a check that answers what a plan says, and ways to go through all plans.
 */

/** Answers Xen's preemption checks by a plan; checks beyond the plan answer no. */
export class PreemptionPlan {
  /** Checks asked so far, each as it was answered. */
  readonly asked: boolean[] = [];
  /** Continuations seen. */
  continuations = 0;
  private active = false;

  private readonly answer: (check: number) => boolean;

  constructor(answer: (check: number) => boolean) {
    this.answer = answer;
  }

  /** To be given to a host as its `preempt`. */
  readonly preempt = (_vcpu: Vcpu): boolean => {
    if (!this.active) return false;
    const answer = this.answer(this.asked.length);
    this.asked.push(answer);
    return answer;
  };

  /** Checks count from here on: before, nothing is preempted. */
  start(): void {
    this.active = true;
  }

  stop(): void {
    this.active = false;
  }
}

/** Runs once for each check `k` that is ever asked when only check `k` preempts. Answers how many there were. */
export function forEachSinglePoint(run: (plan: PreemptionPlan) => void): number {
  for (let k = 0; ; k++) {
    const plan = new PreemptionPlan((check) => check === k);
    run(plan);
    if (plan.asked.length <= k) return k;
  }
}

/** Runs once for every possible sequence of answers. Answers how many there were. */
export function forEachSubset(run: (plan: PreemptionPlan) => void, limit: number): number {
  let prefix: boolean[] = [];
  for (let runs = 1; ; runs++) {
    const now = prefix;
    const plan = new PreemptionPlan((check) => now[check] ?? false);
    run(plan);
    if (runs === limit) throw new Error(`more than ${limit} sequences of answers`);
    // The next sequence: the last "no" becomes "yes", and what came after it starts again.
    const last = plan.asked.lastIndexOf(false);
    if (last < 0) return runs;
    prefix = [...plan.asked.slice(0, last), true];
  }
}
