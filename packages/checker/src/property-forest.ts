import type { CompiledModel } from "./compiled-model.ts";
import { type AllocateInts, EdgeArena, GrowingInts, UNKNOWN } from "./edge-arena.ts";
import type { Property } from "./model.ts";
import { NodeField } from "./node-record.ts";
import type { Observations } from "./observations.ts";
import type { ProgramTree } from "./program-tree.ts";
import { readProperty } from "./state-reading.ts";
import type { WordValues } from "./word-values.ts";

/** Ints of one node of a decision tree: field (or verdict), base and capacity of its edges, unused. */
const DECISION_INTS = 4;
/** {@link DECISION_INTS} as a shift. */
export const DECISION_SHIFT = 2;
/** In place of a field: what the predicate returned. */
export const Verdict = { true: -1, false: -2 } as const;

/**
 * Each property as a decision tree over what it reads.
 *
 * A predicate is deterministic in what it reads, so its first read is a node, the value read is an edge, and so on down
 * to a verdict. It is run once for each path, and answered from the tree ever after: a few array loads a state instead
 * of a closure. A vCPU counts as one thing read, numbered by the view of its node.
 *
 * A predicate that reads nearly everything has nearly as many paths as there are states. Its tree is given up at
 * `limit` edges, and the predicate is run for every state ({@link PropertyForest.isGivenUp}): slower, and just as exact.
 */
export class PropertyForest {
  readonly records: GrowingInts;
  readonly edges: EdgeArena;
  /** For each property the root of its tree, or {@link UNKNOWN} before its first run. */
  readonly roots: Int32Array;
  /** For each property the fields that it read on any path of its tree. */
  readonly readFields: readonly Set<number>[];
  private readonly compiled: CompiledModel;
  private readonly values: WordValues;
  private readonly tree: ProgramTree;
  private readonly observations: Observations;
  private readonly limit: number;
  private readonly spent: number[];

  constructor(
    compiled: CompiledModel,
    values: WordValues,
    tree: ProgramTree,
    observations: Observations,
    allocate: AllocateInts,
    limit: number,
  ) {
    this.compiled = compiled;
    this.values = values;
    this.tree = tree;
    this.observations = observations;
    this.limit = limit;
    this.records = new GrowingInts(allocate, 64 * DECISION_INTS);
    this.edges = new EdgeArena(allocate, 256);
    this.roots = allocate(compiled.properties.length).fill(UNKNOWN);
    this.readFields = compiled.properties.map(() => new Set<number>());
    this.spent = compiled.properties.map(() => 0);
  }

  isGivenUp(property: number): boolean {
    return (this.spent[property] as number) > this.limit;
  }

  /**
   * Runs a predicate over a state and keeps the path to its verdict.
   *
   * @param fields - the number of each word's value, then the node of each vCPU.
   */
  learn(property: number, fields: Int32Array): boolean {
    const reads: number[] = [];
    const holds = this.run(property, fields, reads);
    if (!this.isGivenUp(property)) this.insert(property, fields, reads, holds);
    return holds;
  }

  /** Runs a predicate over a state. `reads` collects the fields it looks at, each once. */
  run(property: number, fields: Int32Array, reads: number[] = []): boolean {
    const words = this.compiled.initialMemory.length;
    const seen = new Set<number>();
    const read = (field: number): number => {
      if (!seen.has(field)) {
        seen.add(field);
        reads.push(field);
      }
      return fields[field] as number;
    };
    const { kind } = this.compiled.properties[property] as Property;
    const seesAll = kind === "always" || kind === "sometimes";
    return readProperty(
      this.compiled,
      this.compiled.properties[property] as Property,
      {
        word: (address) => this.values.value(address, read(address)),
        vcpu: (index) => this.tree.view(read(words + index)),
        // The others look only where everybody is at rest, which no step within an operation changes.
        looked: (address, bits) => {
          if (seesAll) this.observations.add(address, bits);
        },
      },
      (each, state) => each.holds(state),
    );
  }

  private insert(property: number, fields: Int32Array, reads: readonly number[], holds: boolean): void {
    const words = this.compiled.initialMemory.length;
    let slot = -1;
    for (const field of reads) {
      this.readFields[property]?.add(field);
      const node = this.follow(property, slot, field);
      const held = fields[field] as number;
      slot = this.edgeSlot(property, node, field < words ? held : this.tree.field(held, NodeField.view));
    }
    this.follow(property, slot, holds ? Verdict.true : Verdict.false);
  }

  /** The node at an edge, or at the property's root for edge -1; made if there is none yet. */
  private follow(property: number, slot: number, field: number): number {
    const at = slot < 0 ? (this.roots[property] as number) : (this.edges.ints[slot] as number);
    if (at !== UNKNOWN) {
      if (this.records.ints[at << DECISION_SHIFT] !== field) {
        throw new Error(`property ${this.compiled.properties[property]?.name} is not deterministic in what it reads`);
      }
      return at;
    }
    const node = this.records.extend(DECISION_INTS, 0) >> DECISION_SHIFT;
    const capacity = field < 0 ? 0 : 2;
    this.records.ints.set([field, this.edges.block(capacity), capacity, 0], node << DECISION_SHIFT);
    if (slot < 0) this.roots[property] = node;
    else this.edges.ints[slot] = node;
    return node;
  }

  private edgeSlot(property: number, node: number, answer: number): number {
    const { ints } = this.records;
    const at = node << DECISION_SHIFT;
    const capacity = ints[at + 2] as number;
    if (answer >= capacity) {
      const moved = this.edges.larger(ints[at + 1] as number, capacity, answer + 1);
      ints[at + 1] = moved.base;
      ints[at + 2] = moved.capacity;
      this.spent[property] = (this.spent[property] as number) + moved.capacity - capacity;
    }
    this.spent[property] = (this.spent[property] as number) + 1;
    return (ints[at + 1] as number) + answer;
  }
}
