import {
  builderStore,
  createDomain,
  createHost,
  DOMID_SELF,
  doMemoryOp,
  doMmuUpdate,
  MMUEXT_MARK_SUPER,
  MMUEXT_PIN_L2_TABLE,
  MMUEXT_UNPIN_TABLE,
  pteHi,
  pteLo,
  schemeHasMarks,
  unpauseDomain,
  XENMEM_populate_physmap,
  _PAGE_PSE,
  type Host,
  type Vcpu,
} from "@xsp/hypervisor";
import { PlainWords, SharedWords, type WordsAllocator } from "@xsp/words";
import type { StormOrder, StormOverlap } from "./storm-result.ts";
import { extendedOperation, leafFlags } from "./superpage-bench-host.ts";

const framesPerSuperpage = 512;
const entriesPerTable = 512;
/** In a smaller host words of the scheme share cache lines that lie far apart in one of a real machine's size. */
const fewestSuperpages = 64;

/** A host with one domain, a vCPU and filled L2 tables for each spawner. */
export interface StormHost {
  readonly host: Host;
  /** One for each spawner. */
  readonly vcpus: readonly Vcpu[];
  /** For each spawner the L2 tables of its child: filled, not pinned; where entries come one at a time empty and pinned. */
  readonly tables: readonly Int32Array[];
  /** First frame of each superpage. */
  readonly heads: Int32Array;
}

/**
 * Builds the host of a storm. Whoever builds it over the same zeroed words gets the same host: the threads of a storm
 * build one after another, each its own objects over the shared memory, and what they then share is that memory alone.
 *
 * That holds as long as no frame is written for the first time later on, for where its contents stand is remembered by
 * the objects; a storm only pins and unpins tables that exist.
 */
export function buildStormHost(order: StormOrder, allocate: WordsAllocator): StormHost {
  const { spawners, hugepages, overlap, scheme } = order;
  if (hugepages % entriesPerTable !== 0 || hugepages <= 0) {
    throw new RangeError(`hugepages: ${hugepages} given, expected a multiple of ${entriesPerTable}`);
  }
  const superpages = overlap === "disjoint" ? spawners * hugepages : overlap === "same" ? hugepages : 1;
  const tablesOfEach = hugepages / entriesPerTable;
  const smallFrames = spawners * tablesOfEach;
  const blocks = Math.max(fewestSuperpages, superpages + Math.ceil(smallFrames / framesPerSuperpage) + 1);
  const host = createHost({ frames: blocks * framesPerSuperpage, scheme, maxVcpus: spawners, allocate });
  const domain = createDomain(host, { vcpus: spawners });
  const builder = domain.vcpus[0] as Vcpu;
  const heads = populate(builder, superpages, 9);
  const small = populate(builder, smallFrames, 0);
  const tables = Array.from({ length: spawners }, (_, spawner) =>
    small.subarray(spawner * tablesOfEach, (spawner + 1) * tablesOfEach),
  );
  for (const [spawner, own] of tables.entries()) {
    for (let at = 0; at < hugepages; at++) {
      const superpage = overlap === "disjoint" ? spawner * hugepages + at : overlap === "same" ? at : 0;
      const head = heads[superpage] as number;
      const table = own[Math.floor(at / entriesPerTable)] as number;
      const entry = at % entriesPerTable;
      const stored = builderStore(domain, table, entry, ...superpageEntry(head));
      if (!stored) throw new Error(`entry ${entry} of table ${table} could not be written`);
      // Written all the same, so that the table's contents have their place.
      if (overlap === "entry") builderStore(domain, table, entry, 0, 0);
    }
  }
  unpauseDomain(domain);
  if (overlap === "entry")
    for (const table of tables.flatMap((own) => [...own])) extendedOperation(builder, MMUEXT_PIN_L2_TABLE, table);
  if (schemeHasMarks(scheme)) for (const head of heads) extendedOperation(builder, MMUEXT_MARK_SUPER, head);
  return { host, vcpus: domain.vcpus, tables, heads };
}

/** One spawner's turn: its child's tables are pinned and unpinned, or each of their entries is mapped and unmapped, or counted alone. */
export function stormTurn({ vcpus, tables, heads }: StormHost, spawner: number, overlap: StormOverlap): void {
  const vcpu = vcpus[spawner];
  const own = tables[spawner];
  if (vcpu === undefined || own === undefined) throw new RangeError(`spawner: there is no ${spawner}`);
  const head = heads[0] as number;
  if (overlap === "entry") {
    for (const table of own) mapOneByOne(vcpu, table, head);
    return;
  }
  if (overlap === "word") {
    countOneByOne(vcpu, head, own.length * entriesPerTable);
    return;
  }
  for (const table of own) extendedOperation(vcpu, MMUEXT_PIN_L2_TABLE, table);
  for (const table of own) extendedOperation(vcpu, MMUEXT_UNPIN_TABLE, table);
}

/** Both words of an entry that maps a superpage. */
function superpageEntry(head: number): readonly [number, number] {
  return [pteLo(head, leafFlags | _PAGE_PSE), pteHi(head)];
}

/** Maps a superpage in each entry of a pinned table in turn, and unmaps it before the next. */
function mapOneByOne(vcpu: Vcpu, table: number, head: number): void {
  const request = Int32Array.of(0, 0, 0, 0);
  for (let entry = 0; entry < entriesPerTable; entry++) {
    request[0] = (table << 12) | (entry << 3);
    request[1] = table >>> 20;
    for (const [lo, hi] of [superpageEntry(head), [0, 0]] as const) {
      request[2] = lo;
      request[3] = hi;
      if (doMmuUpdate(vcpu, request, 1, DOMID_SELF) !== 0)
        throw new Error(`entry ${entry} of table ${table} was refused`);
    }
  }
}

/** Takes what a superpage entry needs and gives it back, so many times. */
function countOneByOne(vcpu: Vcpu, head: number, times: number): void {
  const { domain } = vcpu;
  const { scheme } = vcpu.host;
  for (let at = 0; at < times; at++) {
    const rc = scheme.map(vcpu, domain, head, true, false) || scheme.unmap(vcpu, head, true, false);
    if (rc !== 0) throw new Error(`entry ${at} of superpage ${head} was refused`);
  }
}

/** Bytes of shared memory that the host of a storm takes. */
export function stormMemoryBytes(order: StormOrder): number {
  let words = 0;
  buildStormHost(order, (length) => {
    words += length;
    return new PlainWords(length);
  });
  return words * Int32Array.BYTES_PER_ELEMENT;
}

/**
 * Hands out the words of a buffer from its beginning on: whoever asks for the same lengths gets the same words.
 *
 * @throws RangeError when they are used up.
 */
export function sharedStormWords(memory: SharedArrayBuffer): WordsAllocator {
  let used = 0;
  return (length) => {
    const words = new SharedWords(memory, used, length);
    used += length;
    return words;
  };
}

function populate(vcpu: Vcpu, count: number, order: number): Int32Array {
  const extents = Int32Array.from({ length: count }, (_, at) => at << order);
  const done = doMemoryOp(vcpu, XENMEM_populate_physmap, {
    extents,
    nrExtents: count,
    extentOrder: order,
    domid: DOMID_SELF,
  });
  if (done !== count) throw new Error(`${done} of ${count} extents of order ${order} were populated`);
  return extents;
}
