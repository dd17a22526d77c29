import {
  DECISION_LIMIT,
  exceeded,
  type ExploreOptions,
  type SettledOptions,
  settleOptions,
} from "./explore-options.ts";
import type { CheckResult, IncompleteReason, Progress } from "./check-result.ts";
import { readCheckpoint, type SavedExploration, writeCheckpoint } from "./checkpoint.ts";
import { builtInProperties } from "./compiled-model.ts";
import { allocateInts, type AllocateInts } from "./edge-arena.ts";
import { BatchExpansion } from "./batch-expansion.ts";
import { type ExpansionRun, Hit } from "./expansion-tables.ts";
import { findings } from "./findings.ts";
import { InternedModel } from "./interned-model.ts";
import type { Model } from "./model.ts";
import { scout } from "./scout.ts";
import type { StateStore } from "./state-store.ts";

/*
 * The explorer: every interleaving of a model's programs, breadth first, over exact states.
 *
 *   batch of found states ──expand──► successors ──► known? ──yes──► dropped
 *        ▲                   │                          │ no
 *        │                   │ an edge without a child  ▼
 *        └── next batch      ▼                     added at the end, with its parent
 *                     run the code once, add a node;
 *                     numbers outgrew their bits? pack all states anew
 *
 * What is a state? The memory words and, for each vCPU, the answers that memory gave it since its operation began. The
 * code is deterministic, so these answers are all of its private state: stack, locals, program counter. Each distinct
 * list of answers is one node of a program tree (program-tree.ts), so a vCPU is one number; each word is the number of
 * its value (word-values.ts). Packed into some words of 32 bits (state-layout.ts), a state costs little to copy, hash
 * and compare, and nothing of it is lost.
 *
 * What is a step? One access of one vCPU: a load, a store, a compare-and-swap, the end of a wait, or one way of a choice.
 * Code between two accesses cannot be seen by others and belongs to the step before it. An operation that returns goes
 * straight on to the first access of the next: between them lies a state in which the vCPU rests.
 *
 * Why is a counterexample shortest? States are found in the order of their distance, and a state is expanded only after
 * all nearer ones; its parent is the first state that led to it. Properties are evaluated when a state is expanded.
 *
 * Choices. A choice can neither disturb nor be disturbed by another vCPU. Where a vCPU is before one that no property can
 * see, only that choice is explored, and the other vCPUs come after it: they can do there all that they could have done
 * here. This is an ample set of one process, and the usual conditions hold: the step is independent of all others (C1);
 * no property can see it, since memory does not change, nor who rests, nor, where a property declares to see
 * operations, the operation under way (C2); and no vCPU is put off for ever, since a step that ends its operation is
 * never taken alone and within an operation a tree has no cycle (C3). Deadlocks, errors, and every reachable combination
 * of what properties see remain; a counterexample may pass through choices of vCPUs that then do nothing, which are cut
 * off afterwards (findings.ts).
 *
 * Independent steps. Most accesses go to words that no other vCPU will touch any more: its own page table, a frame that
 * only this operation is about, a field that nobody writes. With `reduction: "independent"` they are ample sets too, and
 * being alone they are taken at once, without states in between (independent-steps.ts). C1 needs to know what the others
 * may still touch, from where each of them is: footprints.ts collects it as code is run, and observations.ts what
 * properties look at (C2; a `quiescent` or `finally` property looks only where all rest, and the first access of an
 * operation, which ends its rest, is never taken alone). Both are lower bounds while code remains that was never run. So
 * they are learned first by some random walks, then while exploring; when a footprint that was in use has grown, what
 * was decided by it may be wrong, and the exploration begins again with what is known by then. The result is that of a
 * run in which nothing grew from beginning to end. In such a run the bounds are exact enough: were there a path to an
 * access that is missing from a footprint, then a shortest one up to there would consist of steps that the reduction
 * judged rightly, so an equivalent of it was explored, and the access would have been entered.
 *
 * Same result for one thread and for many: a batch has a fixed size, threads only look states up while it is expanded,
 * and what is new is inserted in the order of its parents. Whether to stop is decided between batches.
 */

/** Most states of one batch. */
const BATCH = 1 << 16;

/** An exploration that learns something new about its reduction goes on up to so many states before it begins again. */
const FIRST_PATIENCE = 1 << 14;

/** What a node costs besides its record: its access and answer as objects. An estimate. */
const BYTES_PER_NODE = 300;

/** An exploration that can be advanced bit by bit, so that a page stays responsive and an interrupt is noticed. */
export class Exploration {
  private readonly model: Model;
  private readonly options: ExploreOptions;
  private readonly settled: SettledOptions;
  private readonly interned: InternedModel;
  private readonly expansion: BatchExpansion;
  private position = 0;
  /** Where the states of the present distance end. */
  private levelEnd = 1;
  private depth = 0;
  private isStale = false;
  private patience = FIRST_PATIENCE;
  private stopped: IncompleteReason | "finished" | undefined;
  private readonly started: number;
  private elapsed = 0;

  /**
   * @param scouts - whether it begins; false when it goes on from a checkpoint, which knows what scouts found out.
   * @throws RangeError when the model or an option is malformed.
   */
  constructor(model: Model, options: ExploreOptions = {}, scouts = true) {
    const allocate: AllocateInts = options.pool?.allocate ?? allocateInts;
    this.model = model;
    this.options = options;
    this.started = options.clock?.() ?? 0;
    this.interned = new InternedModel(model, allocate, options.decisionLimit ?? DECISION_LIMIT);
    const { compiled } = this.interned;
    this.settled = settleOptions(compiled, options);
    if (this.settled.reduction === "independent" && scouts) {
      scout(this.interned, this.settled.properties);
      this.learn();
    }
    this.expansion = new BatchExpansion(this.interned, this.settled, options.pool, allocate);
  }

  private get store(): StateStore {
    return this.expansion.store;
  }

  private get run(): ExpansionRun {
    return this.expansion.run;
  }

  /**
   * Goes on with an exploration from its {@link checkpoint}.
   *
   * @throws RangeError naming what differs: the model, its memory, an option, or what its code does.
   */
  static resume(model: Model, options: ExploreOptions, bytes: Uint8Array): Exploration {
    const exploration = new Exploration(model, options, false);
    const { interned, settled } = exploration;
    exploration.restore(readCheckpoint(bytes, interned, settled, exploration.store));
    return exploration;
  }

  /**
   * Expands some batches of at most 65,536 states.
   *
   * @returns whether it is over: everything seen, something violated, or a budget spent.
   */
  advance(batches = 1): boolean {
    for (let left = batches; left > 0 && this.stopped === undefined; left--) {
      const now = this.options.clock?.() ?? 0;
      const bytes = this.bytesAfterBatch();
      this.stopped = exceeded(this.options, this.progress(), bytes, now - this.started);
      if (this.stopped === undefined) this.expandBatch();
      this.elapsed = (this.options.clock?.() ?? 0) - this.started;
      this.options.onProgress?.(this.progress());
    }
    return this.stopped !== undefined;
  }

  progress(): Progress {
    const { count } = this.store;
    const { transitions } = this.run;
    return { states: count, transitions, queue: count - this.position, depth: this.depth, bytes: this.bytes() };
  }

  /** What was found so far. Replays every counterexample before it reports it. */
  result(): CheckResult {
    const everythingSeen = this.position === this.store.count;
    const found = findings(this.model, this.interned, this.store, this.settled, this.run.hits, everythingSeen);
    const verdict = found.violations.length > 0 ? "violated" : everythingSeen ? "holds" : "incomplete";
    const { states, transitions, bytes } = this.progress();
    return {
      verdict,
      reason: verdict === "incomplete" ? this.reason() : undefined,
      ...found,
      states,
      transitions,
      depth: this.levelEnd === states ? this.depth : this.depth + 1,
      nodes: this.interned.tree.size,
      bytes,
      seconds: this.options.clock === undefined ? undefined : this.elapsed / 1000,
    };
  }

  /** Everything as bytes, to {@link resume} from. Linear in the states; about as large as they are in memory. */
  checkpoint(): Uint8Array {
    const { position, levelEnd, depth, isStale, patience } = this;
    const { transitions, hits } = this.run;
    const saved = { position, levelEnd, depth, transitions, isStale, patience, hits };
    return writeCheckpoint(this.interned, this.settled, this.store, saved);
  }

  private restore(saved: SavedExploration): void {
    this.position = saved.position;
    this.levelEnd = saved.levelEnd;
    this.depth = saved.depth;
    this.isStale = saved.isStale;
    this.patience = saved.patience;
    this.run.transitions = saved.transitions;
    this.run.hits.set(saved.hits);
    this.decideBetweenBatches();
  }

  private reason(): IncompleteReason {
    return this.stopped === undefined || this.stopped === "finished" ? "unfinished" : this.stopped;
  }

  private bytes(): number {
    const { tree, forest } = this.interned;
    const trees = [tree.records, tree.edges, forest.records, forest.edges];
    const nodes = this.interned.tree.size * BYTES_PER_NODE + this.interned.footprints.bytes;
    return trees.reduce((sum, { ints }) => sum + ints.length * 4, this.store.bytes + nodes);
  }

  private bytesAfterBatch(): number {
    const batch = Math.min(BATCH, this.levelEnd - this.position);
    return this.bytes() - this.store.bytes + this.store.bytesFor(this.store.count + 2 * batch);
  }

  private expandBatch(): void {
    const from = this.position;
    const to = Math.min(this.levelEnd, from + BATCH);
    this.expansion.expand(from, to);
    this.position = to;
    if (to === this.levelEnd && this.store.count > to) {
      this.levelEnd = this.store.count;
      this.depth++;
    }
    if (this.settled.reduction === "independent" && this.learn()) this.isStale = true;
    this.decideBetweenBatches();
  }

  /**
   * Brings what the reduction reckons with up to date: between batches only, so that threads decide alike.
   *
   * @returns whether a step may have been taken for independent that is not.
   */
  private learn(): boolean {
    const { footprints, observations, tree } = this.interned;
    const hasGrown = footprints.freeze();
    const isSeen = observations.freeze() && tree.observe();
    return hasGrown || isSeen;
  }

  private beginAgain(): void {
    this.patience = Math.max(this.patience, 2 * this.store.count);
    this.expansion.begin();
    this.position = 0;
    this.levelEnd = 1;
    this.depth = 0;
    this.isStale = false;
  }

  private decideBetweenBatches(): void {
    const { hits } = this.run;
    const open = [];
    let violated = false;
    [...builtInProperties, ...this.interned.compiled.properties.map(({ name }) => name)].forEach((name, hit) => {
      if (!this.settled.properties.includes(name)) return;
      const property = hit - Hit.properties;
      if ((hits[hit] as number) < 0) {
        open.push(name);
      } else if (property >= 0) {
        violated ||= this.interned.compiled.properties[property]?.kind !== "sometimes";
        this.expansion.skipProperty(property);
      } else {
        violated = true;
      }
    });
    const isOver = violated && (this.settled.until === "first-violation" || open.length === 0);
    const isAtEnd = isOver || this.position === this.store.count;
    if (this.isStale && (isAtEnd || this.store.count > this.patience)) this.beginAgain();
    else if (isAtEnd) this.stopped = "finished";
  }
}

/** Explores a model to the end, synchronously. */
export function explore(model: Model, options: ExploreOptions = {}): CheckResult {
  const exploration = new Exploration(model, options);
  while (!exploration.advance()) {
    // The next batch.
  }
  return exploration.result();
}
