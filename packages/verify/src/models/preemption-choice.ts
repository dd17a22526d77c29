import type { Context } from "@xsp/checker";
import type { Vcpu } from "@xsp/hypervisor";

/*
 * Preemption as the checker's choice: wherever Xen asks whether it should stop, both answers are explored, up to a
 * number of preemptions for each operation.
 *
 * A preempted hypercall is continued at once by the same vCPU; whatever the others do before it goes on is explored in
 * any case, for its accesses and theirs are interleaved in every way. Xen itself, where it destroys a domain, is not
 * preempted here.
 */

/** Answers Xen's preemption checks for the operation under way. */
export class PreemptionChoice {
  private readonly most: number;
  private left = 0;
  private context: Context | undefined = undefined;
  private running: Vcpu | undefined = undefined;

  /** @param most - preemptions for each operation. */
  constructor(most: number) {
    this.most = most;
  }

  /** An operation begins: what was kept of another one is forgotten. */
  begin(context: Context, vcpu: Vcpu): void {
    this.context = context;
    this.running = vcpu;
    this.left = this.most;
  }

  /** Whether a vCPU is in an operation of its own; destruction finishes what those of a dying domain have left. */
  isRunning(vcpu: Vcpu): boolean {
    return vcpu === this.running;
  }

  /** To be given to a host as its `preempt`. */
  readonly preempt = (vcpu: Vcpu): boolean => {
    if (this.left === 0 || this.context === undefined || !this.isRunning(vcpu)) return false;
    if (this.context.choose(2) === 0) return false;
    this.left--;
    return true;
  };
}
