import { ByteReader, ByteWriter } from "./byte-codec.ts";
import type { SettledOptions } from "./explore-options.ts";
import type { InternedModel } from "./interned-model.ts";
import { SLAB_STATES } from "./packed-hash.ts";
import { StateLayout } from "./state-layout.ts";
import type { StateStore } from "./state-store.ts";

const MAGIC = "xsp-checkpoint-3";

/** Where an exploration stands, apart from its states. */
export interface SavedExploration {
  readonly position: number;
  readonly levelEnd: number;
  readonly depth: number;
  readonly transitions: number;
  /** Whether something came to light since it began that its reduction did not reckon with. */
  readonly isStale: boolean;
  /** States after which it then begins again. */
  readonly patience: number;
  readonly hits: Int32Array;
}

/**
 * ```text
 *   magic · names of what must be the same (model, options, memory, programs, properties, …) with their values
 *   bits that properties look at · fields that each property reads · resolved edges of the program trees · access at each node · where each field lies · where it stands
 *   states, as packed words with parents
 * ```
 *
 * Nodes are not stored but made again by running the code over the stored edges. So a checkpoint notices when the code
 * does something else than it did, which no name can tell.
 */
export function writeCheckpoint(
  interned: InternedModel,
  settled: SettledOptions,
  store: StateStore,
  saved: SavedExploration,
): Uint8Array {
  const writer = new ByteWriter().text(MAGIC);
  const identity = identityOf(interned, settled);
  writer.varint(identity.length);
  for (const [name, value] of identity) writer.text(name).text(value);

  const { tree, forest, observations } = interned;
  writer.ints(observations.frozen);
  for (const read of forest.readFields) {
    writer.varint(read.size);
    for (const field of read) writer.varint(field);
  }
  writer.varint(tree.resolved.length);
  for (const part of tree.resolved) writer.varint(part);
  writer.varint(tree.size);
  for (let node = 0; node < tree.size; node++) writer.text(accessText(interned, node));

  const { slots, slot, shift, mask } = store.layout;
  writer.varint(slots).ints(slot).ints(shift).ints(mask);
  writer.varint(store.count).varint(saved.position).varint(saved.levelEnd).varint(saved.depth);
  writer
    .varint(saved.transitions)
    .varint(saved.isStale ? 1 : 0)
    .varint(saved.patience)
    .ints(saved.hits);
  const stride = slots + 1;
  store.slabs.forEach((slab, number) => {
    const states = Math.max(0, Math.min(SLAB_STATES, store.count - number * SLAB_STATES));
    writer.ints(slab, states * stride);
  });
  return writer.bytes();
}

/**
 * Reads a checkpoint into a newly made exploration's tree and store.
 *
 * @throws RangeError naming what differs, or that the bytes are no checkpoint or cut off.
 */
export function readCheckpoint(
  bytes: Uint8Array,
  interned: InternedModel,
  settled: SettledOptions,
  store: StateStore,
): SavedExploration {
  const reader = new ByteReader(bytes);
  if (bytes.length < MAGIC.length || reader.text() !== MAGIC) throw new RangeError(`this is no ${MAGIC}`);
  refuseOther(reader, identityOf(interned, settled));
  const observed = new Int32Array(interned.words);
  reader.ints(observed);
  observed.forEach((bits, address) => interned.observations.add(address, bits));
  interned.observations.freeze();
  for (const read of interned.forest.readFields) {
    for (let left = reader.varint(); left > 0; left--) read.add(reader.varint());
  }
  rebuildTree(reader, interned);
  interned.footprints.freeze();

  const { slot, shift, mask } = interned.layout();
  const slots = reader.varint();
  for (const part of [slot, shift, mask]) reader.ints(part);
  const count = reader.varint();
  const [position, levelEnd, depth] = [reader.varint(), reader.varint(), reader.varint()];
  const transitions = reader.varint();
  const isStale = reader.varint() === 1;
  const patience = reader.varint();
  const hits = new Int32Array(2 + interned.compiled.properties.length);
  reader.ints(hits);
  store.clear(new StateLayout({ slots, slot, shift, mask }));
  store.reserve(count);
  store.count = count;
  const stride = store.layout.slots + 1;
  store.slabs.forEach((slab, number) => {
    reader.ints(slab, Math.max(0, Math.min(SLAB_STATES, count - number * SLAB_STATES)) * stride);
  });
  store.fillTable();
  return { position, levelEnd, depth, transitions, isStale, patience, hits };
}

function identityOf(interned: InternedModel, settled: SettledOptions): (readonly [string, string])[] {
  const { model, regions, initialMemory, programs, properties } = interned.compiled;
  return [
    ["model", model.name],
    ...Object.entries(model.options ?? {}).map(([name, value]) => [`option ${name}`, JSON.stringify(value)] as const),
    ["regions", regions.map(({ name, length }) => `${name}:${length}`).join()],
    ["initial memory", initialMemory.join()],
    ["programs", JSON.stringify(programs.map(({ name, start }) => [name, start]))],
    ["properties", JSON.stringify(properties.map(({ kind, name }) => [kind, name]))],
    ["properties asked for", settled.properties.join()],
    ["until", settled.until],
    ["reduction", settled.reduction],
  ];
}

function refuseOther(reader: ByteReader, here: readonly (readonly [string, string])[]): void {
  const there = Array.from({ length: reader.varint() }, () => [reader.text(), reader.text()] as const);
  const names = new Set([...here, ...there].map(([name]) => name));
  for (const name of names) {
    const was = there.find((entry) => entry[0] === name)?.[1] ?? "absent";
    const is = here.find((entry) => entry[0] === name)?.[1] ?? "absent";
    if (was === is) continue;
    throw new RangeError(`the checkpoint is of another ${name}: ${shortened(was)} there, ${shortened(is)} here`);
  }
}

function rebuildTree(reader: ByteReader, interned: InternedModel): void {
  const { tree } = interned;
  for (let left = reader.varint(); left > 0; left -= 2) tree.resolve(reader.varint(), reader.varint());
  const nodes = reader.varint();
  for (let node = 0; node < nodes; node++) {
    const was = reader.text();
    const is = node < tree.size ? accessText(interned, node) : "absent";
    if (was === is) continue;
    throw new RangeError(
      `the code under check behaves differently than when the checkpoint was written: node ${node} was ${was}, is ${is}`,
    );
  }
}

function accessText(interned: InternedModel, node: number): string {
  const access = interned.tree.accessOf(node);
  return access === undefined ? interned.tree.message(node) : Object.values(access).join();
}

function shortened(value: string): string {
  return value.length > 60 ? `${value.slice(0, 57)}...` : value;
}
