import type { CompiledModel } from "./compiled-model.ts";
import type { LocalState, VcpuView } from "./model.ts";
import { NodeFlag } from "./node-record.ts";

/** What predicates see of a node, each distinct view once: many nodes of an operation look the same. */
export class NodeViews {
  private readonly compiled: CompiledModel;
  private readonly views: VcpuView[] = [];
  private readonly numbers = new Map<string, number>();

  constructor(compiled: CompiledModel) {
    this.compiled = compiled;
  }

  /** The view with a number that {@link number} gave. */
  view(number: number): VcpuView {
    return this.views[number] as VcpuView;
  }

  /**
   * The number of the view that predicates have of a node.
   *
   * @param flags - the node's flags.
   * @param operation - what `begin` announced last.
   */
  number(vcpu: number, local: LocalState, flags: number, operation: string | undefined): number {
    const resting = (flags & NodeFlag.resting) !== 0;
    const isDone = (flags & NodeFlag.done) !== 0;
    const key = `${vcpu};${local.join()};${resting};${isDone};${operation ?? ""}`;
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const program = this.compiled.programs[vcpu]?.name ?? "";
    this.numbers.set(key, this.views.length);
    return this.views.push({ program, local, resting, done: isDone, operation }) - 1;
  }
}
