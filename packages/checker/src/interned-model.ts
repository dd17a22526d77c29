import { CompiledModel } from "./compiled-model.ts";
import type { AllocateInts } from "./edge-arena.ts";
import type { Model } from "./model.ts";
import { NodeField, NodeFlag, NodeKind } from "./node-record.ts";
import { Footprints } from "./footprints.ts";
import { Observations } from "./observations.ts";
import { ProgramTree } from "./program-tree.ts";
import { PropertyForest } from "./property-forest.ts";
import { placeFields, StateLayout } from "./state-layout.ts";
import { WordValues } from "./word-values.ts";

/** The first layout has room for this many nodes, so that only runs of much code are packed anew. */
const FIRST_NODES = 65_535;
/** A new layout has room for this many times the nodes there are: packing a million states anew takes a second. */
const ROOM_FOR_NODES = 8;

/**
 * A model as numbers: its values, its program trees and its decision trees. A state of it is one number a field: of the
 * value of each word, then of the node of each vCPU.
 */
export class InternedModel {
  readonly compiled: CompiledModel;
  readonly values: WordValues;
  readonly footprints: Footprints;
  readonly observations: Observations;
  readonly tree: ProgramTree;
  readonly forest: PropertyForest;
  readonly words: number;
  readonly vcpus: number;
  private readonly allocate: AllocateInts;

  /** @param decisionLimit - edges after which a property's decision tree is given up. */
  constructor(model: Model, allocate: AllocateInts, decisionLimit: number) {
    this.allocate = allocate;
    this.compiled = new CompiledModel(model);
    this.values = new WordValues(this.compiled.initialMemory);
    this.words = this.compiled.initialMemory.length;
    const { compiled, values, words } = this;
    this.footprints = new Footprints(words, allocate);
    this.observations = new Observations(words);
    this.tree = new ProgramTree(compiled, values, this.footprints, this.observations, allocate);
    this.forest = new PropertyForest(compiled, values, this.tree, this.observations, allocate, decisionLimit);
    this.vcpus = this.compiled.programs.length;
  }

  get fields(): number {
    return this.words + this.vcpus;
  }

  /** The state before the first step. */
  initialFields(): Int32Array {
    const fields = new Int32Array(this.fields);
    fields.set(this.tree.starts, this.words);
    return fields;
  }

  /** A layout with room for all numbers known now, and for more to come of those that have begun to grow. */
  layout(): StateLayout {
    const highest = Array.from({ length: this.words }, (_, address) => {
      const count = this.values.count(address);
      return count === 1 ? 0 : 2 * count - 1;
    });
    const nodes = Math.min(2 ** 31 - 1, Math.max(FIRST_NODES, this.tree.size * ROOM_FOR_NODES));
    for (let vcpu = 0; vcpu < this.vcpus; vcpu++) highest.push(this.tree.size < FIRST_NODES ? FIRST_NODES : nodes);
    return new StateLayout(placeFields(highest, this.allocate));
  }

  /** Whether a layout that had room for all numbers at the last call still has. */
  fits(layout: StateLayout): boolean {
    const { grown } = this.values;
    for (const address of grown.splice(0, grown.length)) {
      if (!layout.fits(address, this.values.count(address) - 1)) return false;
    }
    for (let vcpu = 0; vcpu < this.vcpus; vcpu++) {
      if (!layout.fits(this.words + vcpu, this.tree.largestNode(vcpu))) return false;
    }
    return true;
  }

  /** In how many ways a vCPU can move in a state. */
  ways(fields: Int32Array, vcpu: number): number {
    const node = fields[this.words + vcpu] as number;
    const kind = this.tree.field(node, NodeField.kind);
    if (kind >= NodeKind.done) return 0;
    const operand = this.tree.field(node, NodeField.operand);
    if (kind === NodeKind.choose) return operand;
    const held = fields[this.tree.field(node, NodeField.address)];
    return kind === NodeKind.waitWhile && held === operand ? 0 : 1;
  }

  /** Whether some state has made that move before, so that it runs no code. */
  isKnown(fields: Int32Array, vcpu: number, choice: number): boolean {
    const node = fields[this.words + vcpu] as number;
    const { kind, answer } = this.answer(fields, node, choice);
    if (kind === NodeKind.choose && (this.tree.field(node, NodeField.flags) & NodeFlag.unready) !== 0) return false;
    return this.tree.child(node, answer) >= 0;
  }

  /** Moves a vCPU, changing the state in place. Runs code where no state came by before. */
  move(fields: Int32Array, vcpu: number, choice: number): void {
    const { tree } = this;
    const at = this.words + vcpu;
    const node = fields[at] as number;
    const address = tree.field(node, NodeField.address);
    const operand = tree.field(node, NodeField.operand);
    const held = fields[address] as number;
    const { kind, answer } = this.answer(fields, node, choice);
    if (!this.isKnown(fields, vcpu, choice)) tree.resolve(node, answer);
    if (kind === NodeKind.store) fields[address] = operand;
    if (kind === NodeKind.compareAndSwap && held === operand) fields[address] = tree.field(node, NodeField.desired);
    fields[at] = tree.child(node, answer);
  }

  private answer(fields: Int32Array, node: number, choice: number): { readonly kind: number; readonly answer: number } {
    const kind = this.tree.field(node, NodeField.kind);
    if (kind === NodeKind.choose) return { kind, answer: choice };
    if (kind === NodeKind.store) return { kind, answer: 0 };
    return { kind, answer: fields[this.tree.field(node, NodeField.address)] as number };
  }

  /** The flags that all vCPUs' nodes have, and those that any has. */
  flags(fields: Int32Array): { readonly all: number; readonly any: number } {
    let all = -1;
    let any = 0;
    for (let vcpu = 0; vcpu < this.vcpus; vcpu++) {
      const flags = this.tree.field(fields[this.words + vcpu] as number, NodeField.flags);
      all &= flags;
      any |= flags;
    }
    return { all, any };
  }
}
