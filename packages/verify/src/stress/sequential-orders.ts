import { allocatePlainWords } from "@xsp/words";
import { type BrokenProperty, PlannedRun } from "./planned-run.ts";
import type { StressPlan } from "./stress-plan.ts";

/*
 * Whole operations one after another: what breaks in this way needs no race, and seeing it break on several threads says
 * nothing about them.
 */

/** One operation of an order, and what it answered. */
interface SequentialStep {
  readonly vcpu: number;
  readonly operation: string;
  readonly result: string;
}

/** A property that breaks without a race. */
export interface SequentialBreak extends BrokenProperty {
  /** The operations up to where it breaks. */
  readonly steps: readonly SequentialStep[];
}

/** What running a plan in every order of whole operations came to. */
export interface SequentialResult {
  /** How many orders there are. */
  readonly orders: number;
  /** Each broken property once, with the fewest operations that break it. */
  readonly breaks: readonly SequentialBreak[];
}

/** Every order of whole operations, as the vCPUs whose turn it is. */
function ordersOf(left: readonly number[]): number[][] {
  if (left.every((count) => count === 0)) return [[]];
  return left.flatMap((count, vcpu) => {
    if (count === 0) return [];
    const rest = left.map((each, index) => (index === vcpu ? each - 1 : each));
    return ordersOf(rest).map((order) => [vcpu, ...order]);
  });
}

/** Runs a plan by one thread in every order of whole operations, and evaluates the properties after each operation. */
export function runSequentialOrders(plan: StressPlan): SequentialResult {
  const orders = ordersOf(plan.operations.map(({ length }) => length));
  const nearest = new Map<string, SequentialBreak>();
  for (const order of orders) {
    const run = new PlannedRun(plan, allocatePlainWords);
    const steps: SequentialStep[] = [];
    for (const vcpu of order) {
      const operation = plan.operations[vcpu]![steps.filter((step) => step.vcpu === vcpu).length]!;
      const failure = performOrSay(run, vcpu);
      const result = failure === undefined ? run.results(vcpu).at(-1)! : "not finished";
      steps.push({ vcpu, operation, result });
      for (const broken of failure === undefined ? run.broken() : [failure]) {
        const known = nearest.get(broken.property);
        if (known === undefined || known.steps.length > steps.length) {
          nearest.set(broken.property, { ...broken, steps: [...steps] });
        }
      }
      if (failure !== undefined) break;
    }
  }
  return { orders: orders.length, breaks: [...nearest.values()] };
}

/** With one thread, plain words throw where an operation would wait for ever. */
function performOrSay(run: PlannedRun, vcpu: number): BrokenProperty | undefined {
  try {
    run.performNext(vcpu);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { property: message.startsWith("deadlock:") ? "S6" : "error", message };
  }
}
