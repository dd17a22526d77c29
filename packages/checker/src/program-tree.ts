import { type AllocateInts, EdgeArena, GrowingInts, UNKNOWN } from "./edge-arena.ts";
import type { CompiledModel } from "./compiled-model.ts";
import type { LocalState, VcpuView } from "./model.ts";
import { NodeField, NodeFlag, NODE_INTS, NodeKind } from "./node-record.ts";
import { NodeViews } from "./node-views.ts";
import type { Footprints } from "./footprints.ts";
import type { Observations } from "./observations.ts";
import { type Access, type Difference, runOperation, type RunOutcome, StepKind } from "./operation-run.ts";
import type { WordValues } from "./word-values.ts";

/**
 * Every distinct point at which a vCPU can be parked, as a node of a tree whose edges are the answers that memory gave.
 *
 * ```text
 *   operation begins             root, interned by (vCPU, local state): all histories that end in that state meet here
 *        │ parked before load a
 *     ┌──┴──┐  a = 0, a = 5      edges, numbered as the values of word a are
 *   node   node
 *     │      │ step returns      edge to the root of the returned local state, or to a done node
 * ```
 *
 * Code runs once for each edge, when the first state needs it ({@link ProgramTree.resolve}); from then on a step of a
 * vCPU is two loads from typed arrays. The tree grows with the code's own branching, not with the number of states:
 * thousands of nodes stand for millions of states.
 */
export class ProgramTree {
  /** {@link NODE_INTS} ints a node, as `node-record.ts` lays them out. */
  readonly records: GrowingInts;
  readonly edges: EdgeArena;
  /** The root of each vCPU's start, which is where exploration begins. */
  readonly starts: readonly number[];
  /** The largest number of ways out of one node. */
  widest = 1;
  /** Every resolved edge in order, as node and answer: replaying it rebuilds the tree with the same numbers. */
  readonly resolved: number[] = [];
  private readonly compiled: CompiledModel;
  private readonly values: WordValues;
  private readonly footprints: Footprints;
  private readonly observations: Observations;
  private readonly vcpus: number[] = [];
  private readonly parents: number[] = [];
  /** The answer on the edge from the parent, as the program got it. */
  private readonly answers: number[] = [];
  private readonly accesses: (Access | undefined)[] = [];
  private readonly locals: LocalState[] = [];
  private readonly messages = new Map<number, string>();
  private readonly roots = new Map<string, number>();
  private readonly views: NodeViews;
  private readonly largest: number[];

  constructor(
    compiled: CompiledModel,
    values: WordValues,
    footprints: Footprints,
    observations: Observations,
    allocate: AllocateInts,
  ) {
    this.compiled = compiled;
    this.views = new NodeViews(compiled);
    this.values = values;
    this.footprints = footprints;
    this.observations = observations;
    this.records = new GrowingInts(allocate, 64 * NODE_INTS);
    this.edges = new EdgeArena(allocate, 256);
    this.largest = compiled.programs.map(() => 0);
    this.starts = compiled.programs.map((program, vcpu) => this.root(vcpu, program.start));
  }

  /** How many nodes there are. */
  get size(): number {
    return this.parents.length;
  }

  /** The highest node number of a vCPU: what its field in a state must be able to hold. */
  largestNode(vcpu: number): number {
    return this.largest[vcpu] as number;
  }

  field(node: number, field: number): number {
    return this.records.ints[node * NODE_INTS + field] as number;
  }

  view(node: number): VcpuView {
    return this.views.view(this.field(node, NodeField.view));
  }

  /** What the code threw at a failed node. */
  message(node: number): string {
    return this.messages.get(node) ?? "";
  }

  /** The access a node is parked before. */
  accessOf(node: number): Access | undefined {
    return this.accesses[node];
  }

  /** The child along an edge, or {@link UNKNOWN}. */
  child(node: number, answer: number): number {
    if (answer >= this.field(node, NodeField.edgeCapacity)) return UNKNOWN;
    return this.edges.ints[this.field(node, NodeField.edgeBase) + answer] as number;
  }

  /**
   * Makes the edge that leaves a node with an answer, by its number; all edges of a choice at once, whatever `answer`.
   * Runs the operation's code from its beginning, once for each edge.
   *
   * @throws Error when the code did something else than before on the same answers.
   */
  resolve(node: number, answer: number): void {
    const kind = this.field(node, NodeField.kind);
    this.resolved.push(node, answer);
    if (kind !== NodeKind.choose) {
      this.link(node, answer, this.explore(node, this.answerValue(node, kind, answer)));
      return;
    }
    const count = this.field(node, NodeField.operand);
    let staysInside = true;
    for (let choice = 0; choice < count; choice++) {
      const child = this.explore(node, choice);
      this.link(node, choice, child);
      if (!this.isInvisible(node, child)) staysInside = false;
    }
    const flags = this.field(node, NodeField.flags) & ~NodeFlag.unready;
    this.records.ints[node * NODE_INTS + NodeField.flags] = flags | (staysInside ? NodeFlag.local : 0);
  }

  private answerValue(node: number, kind: number, answer: number): number {
    if (kind === NodeKind.store) return 0;
    return this.values.value(this.field(node, NodeField.address), answer);
  }

  /** The node in which the vCPU is parked once `answer` has been given at `node`. */
  private explore(node: number, answer: number): number {
    const vcpu = this.vcpus[node] as number;
    // From the node back to the root of its operation, and then the other way round.
    const made = [this.accesses[node]];
    const answers = [answer];
    let root = node;
    for (let parent = this.parents[root] as number; parent !== UNKNOWN; parent = this.parents[root] as number) {
      answers.push(this.answers[root] as number);
      made.push(this.accesses[parent]);
      root = parent;
    }
    made.reverse();
    answers.reverse();
    const local = this.locals[root] as LocalState;
    const outcome = runOperation(this.compiled, vcpu, local, answers, made);
    if (outcome.difference !== undefined) this.refuseDifference(outcome.difference, vcpu, made);
    if (outcome.end === "next" || outcome.end === "done") {
      const isNext = outcome.end === "next";
      const next = isNext ? this.root(vcpu, outcome.local as LocalState) : this.doneNode(vcpu, local);
      this.footprints.addSuccessor(node, next);
      return next;
    }
    return this.add(vcpu, node, answer, local, outcome, this.staysAtRest(node));
  }

  private root(vcpu: number, local: LocalState): number {
    // A step that makes no access takes no step of the system: go on to where it leads.
    const passed: string[] = [];
    for (let at = local; ;) {
      const key = `${vcpu}:${at.join()}`;
      let node = this.roots.get(key);
      let outcome: RunOutcome | undefined;
      if (node === undefined && passed.length > 10_000) {
        throw new Error(`program ${this.compiled.programs[vcpu]?.name} does 10,000 operations without any access`);
      }
      if (node === undefined) {
        outcome = runOperation(this.compiled, vcpu, at, []);
        if (outcome.end === "done") node = this.doneNode(vcpu, at);
        else if (outcome.end !== "next") node = this.add(vcpu, UNKNOWN, 0, at, outcome, true);
        passed.push(key);
      }
      if (node !== undefined) {
        for (const each of passed) this.roots.set(each, node);
        return node;
      }
      at = outcome?.local as LocalState;
    }
  }

  private doneNode(vcpu: number, local: LocalState): number {
    const key = `${vcpu}:done:${local.join()}`;
    let node = this.roots.get(key);
    if (node === undefined) {
      node = this.newNode(vcpu, UNKNOWN, 0, local, undefined);
      this.setRecord(node, NodeKind.done, undefined, NodeFlag.resting | NodeFlag.done | NodeFlag.boundary, undefined);
      this.roots.set(key, node);
    }
    return node;
  }

  private add(vcpu: number, parent: number, answer: number, local: LocalState, run: RunOutcome, rest: boolean): number {
    const node = this.newNode(vcpu, parent, answer, local, run.access);
    const flags = (rest ? NodeFlag.resting : 0) | (parent === UNKNOWN ? NodeFlag.boundary : 0);
    if (run.end === "threw") {
      this.messages.set(node, run.message ?? "");
      this.setRecord(node, NodeKind.failed, undefined, flags | NodeFlag.failed, run.operation);
    } else {
      const access = run.access as Access;
      const unready = access.kind === StepKind.choose ? NodeFlag.unready : 0;
      this.setRecord(node, access.kind, access, flags | unready, run.operation);
      if (access.kind !== StepKind.choose) {
        this.footprints.addAccess(node, access.address, access.kind !== StepKind.store, mayWrite(access));
      }
    }
    if (parent !== UNKNOWN) this.setArrival(node, parent, answer);
    return node;
  }

  /**
   * Says anew of each node whether properties can see the access that leads there, by what they are known to look at.
   *
   * @returns whether a step that was taken for invisible is not.
   */
  observe(): boolean {
    let isSeen = false;
    for (let node = 0; node < this.size; node++) {
      const parent = this.parents[node] as number;
      if (parent === UNKNOWN) continue;
      const before = this.field(node, NodeField.flags);
      this.setArrival(node, parent, this.answers[node] as number);
      isSeen ||= (before & ~this.field(node, NodeField.flags) & NodeFlag.quiet) !== 0;
    }
    return isSeen;
  }

  /** Whether `node` can be reached from `from` within one operation, and in how many steps; -1 if not. */
  stepsFrom(from: number, node: number): number {
    let steps = 0;
    for (let at = node; at !== UNKNOWN; at = this.parents[at] as number, steps++) if (at === from) return steps;
    return UNKNOWN;
  }

  private setArrival(node: number, parent: number, answer: number): void {
    const access = this.accesses[parent];
    if (access === undefined || access.kind === StepKind.choose || access.kind === StepKind.waitWhile) return;
    const succeeds = access.kind === StepKind.compareAndSwap && answer === access.value;
    const wrote = access.kind === StepKind.store || (succeeds && access.desired !== answer);
    // What a store overwrites is not known here, what a successful swap overwrites is.
    const changes = access.kind === StepKind.store ? -1 : access.desired ^ answer;
    const isSeen = wrote && (changes & (this.observations.frozen[access.address] as number)) !== 0;
    const staysAtRest =
      ((this.field(node, NodeField.flags) ^ this.field(parent, NodeField.flags)) & NodeFlag.resting) === 0;
    const isQuiet = !isSeen && staysAtRest && this.isInvisible(parent, node);
    const flags = this.field(node, NodeField.flags) & ~(NodeFlag.quiet | NodeFlag.wrote);
    this.records.ints[node * NODE_INTS + NodeField.flags] =
      flags | (isQuiet ? NodeFlag.quiet : 0) | (wrote ? NodeFlag.wrote : 0);
  }

  private newNode(vcpu: number, parent: number, answer: number, local: LocalState, access: Access | undefined): number {
    const node = this.parents.push(parent) - 1;
    this.vcpus.push(vcpu);
    this.answers.push(answer);
    this.locals.push(local);
    this.accesses.push(access);
    this.largest[vcpu] = node;
    this.records.extend(NODE_INTS, 0);
    this.footprints.addNode(parent);
    return node;
  }

  private setRecord(
    node: number,
    kind: number,
    access: Access | undefined,
    flags: number,
    operation: string | undefined,
  ): void {
    const capacity = this.capacityFor(access);
    const address = access?.address ?? 0;
    const choice = access?.kind === StepKind.choose;
    // An expected value that never occurs gets a number all the same: then comparing numbers is comparing values.
    const number = (value: number): number => (access === undefined ? 0 : this.values.number(address, value));
    const compares = kind === NodeKind.store || kind === NodeKind.compareAndSwap || kind === NodeKind.waitWhile;
    const base = this.edges.block(capacity);
    const { ints } = this.records;
    const at = node * NODE_INTS;
    ints[at + NodeField.kind] = kind;
    ints[at + NodeField.address] = Math.max(address, 0);
    ints[at + NodeField.operand] = choice ? access.value : compares ? number(access?.value ?? 0) : 0;
    ints[at + NodeField.desired] = kind === NodeKind.compareAndSwap ? number(access?.desired ?? 0) : 0;
    ints[at + NodeField.edgeBase] = base;
    ints[at + NodeField.edgeCapacity] = capacity;
    ints[at + NodeField.flags] = flags;
    ints[at + NodeField.view] = this.views.number(
      this.vcpus[node] as number,
      this.locals[node] as LocalState,
      flags,
      operation,
    );
    if (choice) this.widest = Math.max(this.widest, access.value);
  }

  private capacityFor(access: Access | undefined): number {
    if (access === undefined) return 0;
    if (access.kind === StepKind.choose) return access.value;
    if (access.kind === StepKind.store) return 1;
    return Math.max(2, this.values.count(access.address));
  }

  private link(node: number, answer: number, child: number): void {
    const at = node * NODE_INTS;
    const { ints } = this.records;
    const capacity = ints[at + NodeField.edgeCapacity] as number;
    if (answer >= capacity) {
      const moved = this.edges.larger(ints[at + NodeField.edgeBase] as number, capacity, answer + 1);
      ints[at + NodeField.edgeBase] = moved.base;
      ints[at + NodeField.edgeCapacity] = moved.capacity;
    }
    this.edges.ints[(ints[at + NodeField.edgeBase] as number) + answer] = child;
  }

  private staysAtRest(node: number): boolean {
    const flags = this.field(node, NodeField.flags);
    return (flags & NodeFlag.resting) !== 0 && this.field(node, NodeField.kind) === NodeKind.choose;
  }

  /** Whether no property can tell the states before and after a step apart, if the step changes no word it looks at. */
  private isInvisible(node: number, child: number): boolean {
    const flags = this.field(child, NodeField.flags);
    if ((flags & (NodeFlag.boundary | NodeFlag.failed)) !== 0) return false;
    return !this.compiled.seesOperations || this.view(node) === this.view(child);
  }

  private refuseDifference({ index, access }: Difference, vcpu: number, made: readonly (Access | undefined)[]): never {
    throw new Error(
      `program ${this.compiled.programs[vcpu]?.name} is not deterministic: over the same answers its access ` +
        `${index} was ${describe(made[index])} and is now ${describe(access)}`,
    );
  }
}

/** Whether an access can write; a swap for the same value never does. */
function mayWrite({ kind, value, desired }: Access): boolean {
  return kind === StepKind.store || (kind === StepKind.compareAndSwap && value !== desired);
}

function describe(access: Access | undefined): string {
  return access === undefined ? "none" : JSON.stringify(Object.values(access));
}
