import type { AllocateInts } from "./edge-arena.ts";
import { expand } from "./expansion.ts";
import type { ExpansionPool, ExpansionShare } from "./expansion-pool.ts";
import {
  ExpansionEnd,
  type ExpansionRun,
  type ExpansionTables,
  Hit,
  keepFirst,
  newExpansionRun,
  PropertyCode,
} from "./expansion-tables.ts";
import type { SettledOptions } from "./explore-options.ts";
import type { InternedModel } from "./interned-model.ts";
import type { Property } from "./model.ts";
import { NodeFlag } from "./node-record.ts";
import { PENDING } from "./pending-successors.ts";
import type { StateLayout } from "./state-layout.ts";
import { StateStore } from "./state-store.ts";

/** What properties read, in one layout, and how many fields that was. */
interface BitsRead extends Pick<ExpansionTables, "readBits" | "looked"> {
  readonly layout: StateLayout;
  readonly fields: number;
}

/** Fewer states than this are not worth waking threads for. */
const POOL_MINIMUM = 1 << 11;

/**
 * The states found, and the expansion of one batch of them after another: here, or by a pool of threads.
 *
 * ```text
 *   expand(tables) ──complete──► next batch
 *     ▲      │
 *     │      ├─ full ─────────────► make room
 *     │      ├─ unknownEdge ──────► run the code once, add a node; numbers outgrew their bits? pack all states anew
 *     │      └─ unknownDecision ──► run the predicate once, add its path
 *     └─────────── new tables ◄────┘
 * ```
 *
 * The expansion reads numbers only ({@link ExpansionTables}). Whenever the model's code is needed it comes back here, and
 * goes on with tables in which that is answered.
 */
export class BatchExpansion {
  readonly store: StateStore;
  readonly run: ExpansionRun;
  private readonly interned: InternedModel;
  private readonly settled: SettledOptions;
  private readonly pool: ExpansionPool | undefined;
  private readonly allocate: AllocateInts;
  /** How each property is evaluated now, as a {@link PropertyCode}. */
  private readonly codes: Int32Array;
  private readonly fields: Int32Array;
  private tables: ExpansionTables | undefined;
  private bits: BitsRead | undefined;
  private batchEnd = 0;

  constructor(
    interned: InternedModel,
    settled: SettledOptions,
    pool: ExpansionPool | undefined,
    allocate: AllocateInts,
  ) {
    this.interned = interned;
    this.settled = settled;
    this.pool = pool;
    this.allocate = allocate;
    const properties = interned.compiled.properties.length;
    this.store = new StateStore(interned.layout(), allocate);
    this.run = newExpansionRun(interned.fields, interned.vcpus, properties, new Int32Array(0));
    this.codes = allocate(properties);
    this.fields = new Int32Array(interned.fields);
    this.begin();
  }

  /** Forgets all states and begins with the initial one, with room for the numbers that are known by now. */
  begin(): void {
    const { interned, store, run } = this;
    store.clear(interned.layout());
    store.reserve(1);
    const packed = new Int32Array(store.layout.slots);
    store.layout.pack(interned.initialFields(), packed, 0);
    store.insert(packed, 0, -1);
    run.transitions = 0;
    run.hits.fill(-1);
    interned.compiled.properties.forEach(({ kind, name }, property) => {
      this.codes[property] = this.settled.properties.includes(name) ? PropertyCode[kind] : PropertyCode.skip;
    });
    this.bits = undefined;
    this.tables = undefined;
  }

  /** Evaluates a property no longer, because it has its verdict. */
  skipProperty(property: number): void {
    this.codes[property] = PropertyCode.skip;
    this.bits = undefined;
  }

  /** Expands the states from `from` up to `to`, all of one distance. */
  expand(from: number, to: number): void {
    this.batchEnd = to;
    // What the reduction reckons with is brought up to date between batches.
    if (this.tables?.footprints !== this.interned.footprints.frozen) this.tables = undefined;
    this.evaluateGivenUp(from, to);
    if (this.pool !== undefined && to - from >= POOL_MINIMUM) this.expandTogether(this.pool, from, to);
    else this.expandHere(from, to);
  }

  private expandHere(from: number, to: number): void {
    const { run, interned, store } = this;
    for (let at = from; at < to; at = run.position) {
      run.count = store.count;
      this.tables ??= this.makeTables();
      const end = expand(this.tables, run, at, to);
      store.count = run.count;
      if (end === ExpansionEnd.full) store.reserve(PENDING + interned.tree.widest * interned.vcpus);
      if (end === ExpansionEnd.unknownEdge) this.resolveEdge();
      if (end === ExpansionEnd.unknownDecision) this.learnDecision(run.missProperty, run.position);
      if (end !== ExpansionEnd.complete) this.tables = undefined;
    }
  }

  private expandTogether(pool: ExpansionPool, from: number, to: number): void {
    this.tables ??= this.makeTables();
    // What one share brings to light may change the layout; all shares are packed as it was when they were asked for.
    const { layout } = this.store;
    for (const share of pool.expand(this.tables, from, to)) this.takeShare(share, layout);
  }

  private takeShare(share: ExpansionShare, asked: StateLayout): void {
    const { store, run } = this;
    const { out, outLength } = share;
    const stride = asked.slots + 1;
    run.transitions += share.transitions;
    share.hits.forEach((state, hit) => {
      if (state >= 0) keepFirst(run.hits, hit, state);
    });
    const packed = new Int32Array(this.interned.fields);
    for (let at = 0; at < outLength; at += stride) {
      const parent = out[at] as number;
      if (parent < 0) {
        this.expandHere(~parent, ~parent + 1);
        continue;
      }
      if (store.count === store.room) {
        store.reserve(1);
        this.tables = undefined;
      }
      if (store.layout === asked) {
        store.insert(out, at + 1, parent);
      } else {
        asked.translate(out, at + 1, store.layout, packed, 0);
        store.insert(packed, 0, parent);
      }
    }
    this.expandHere(share.position, share.to);
  }

  private resolveEdge(): void {
    const { interned, store, run } = this;
    interned.tree.resolve(run.missNode, run.missAnswer);
    if (!interned.fits(store.layout)) store.repack(interned.layout());
  }

  private learnDecision(property: number, state: number): void {
    const { interned, store } = this;
    store.read(state, this.fields);
    interned.forest.learn(property, this.fields);
    if (!interned.forest.isGivenUp(property)) return;
    this.evaluateDirectly(property, state, this.batchEnd);
  }

  private evaluateGivenUp(from: number, to: number): void {
    this.codes.forEach((code, property) => {
      const isOpen = (this.run.hits[Hit.properties + property] as number) < 0;
      if (code === PropertyCode.skip && isOpen && this.interned.forest.isGivenUp(property)) {
        this.evaluateDirectly(property, from, to);
      }
    });
  }

  // For a property whose decision tree was given up: its predicate is run for each state of the batch.
  private evaluateDirectly(property: number, from: number, to: number): void {
    const { interned, store, fields } = this;
    const { kind } = interned.compiled.properties[property] as Property;
    this.skipProperty(property);
    for (let state = from; state < to; state++) {
      store.read(state, fields);
      const { all } = interned.flags(fields);
      if (kind === "quiescent" && (all & NodeFlag.resting) === 0) continue;
      if (kind === "finally" && (all & NodeFlag.done) === 0) continue;
      if (interned.forest.run(property, fields) !== (kind === "sometimes")) continue;
      keepFirst(this.run.hits, Hit.properties + property, state);
      return;
    }
  }

  private makeTables(): ExpansionTables {
    const { interned, store } = this;
    const { tree, forest } = interned;
    const { slots, slot, shift, mask } = store.layout;
    const { readBits, looked } = this.bitsRead(store.layout);
    return {
      words: interned.words,
      vcpus: interned.vcpus,
      slots,
      slot,
      shift,
      mask,
      nodes: tree.records.ints,
      edges: tree.edges.ints,
      decisions: forest.records.ints,
      decisionEdges: forest.edges.ints,
      roots: forest.roots,
      codes: this.codes,
      readBits,
      looked,
      slabs: store.slabs,
      table: store.table,
      room: store.room,
      widest: tree.widest,
      choicesFirst: this.settled.reduction !== "none",
      independentSteps: this.settled.reduction === "independent",
      footprints: interned.footprints.frozen,
    };
  }

  // Tables are made for each edge that is resolved, so this is made anew only when something that it depends on changed.
  private bitsRead(layout: StateLayout): BitsRead {
    const fields = this.interned.forest.readFields.reduce((sum, { size }) => sum + size, 0);
    const known = this.bits;
    if (known !== undefined && known.layout === layout && known.fields === fields) return known;
    const { slots } = layout;
    const readBits = this.allocate(this.codes.length * slots);
    const looked = this.allocate(slots);
    this.codes.forEach((code, property) => {
      layout.setBits(this.interned.forest.readFields[property] ?? [], readBits, property * slots);
      if (code !== PropertyCode.always && code !== PropertyCode.sometimes) return;
      for (let k = 0; k < slots; k++) looked[k] = (looked[k] as number) | (readBits[property * slots + k] as number);
    });
    this.bits = { readBits, looked, layout, fields };
    return this.bits;
  }
}
