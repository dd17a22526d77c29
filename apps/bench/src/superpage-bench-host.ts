import {
  builderStore,
  createDomain,
  createHost,
  DOMID_SELF,
  doMemoryOp,
  doMmuextOp,
  MMUEXT_MARK_SUPER,
  MMUEXT_PIN_L1_TABLE,
  MMUEXT_PIN_L2_TABLE,
  pteHi,
  pteLo,
  schemeHasMarks,
  unpauseDomain,
  XENMEM_populate_physmap,
  _PAGE_ACCESSED,
  _PAGE_DIRTY,
  _PAGE_PRESENT,
  _PAGE_PSE,
  _PAGE_RW,
  _PAGE_USER,
  type Domain,
  type Host,
  type SchemeName,
  type Vcpu,
} from "@xsp/hypervisor";

const framesPerSuperpage = 512;
const entriesPerTable = 512;

/** Flags of a present, writable entry, accessed and dirty as Linux writes them from the start. */
export const leafFlags: number = _PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY;

/**
 * A host with one domain that has nothing but superpages and tables to map them by: what a micro-benchmark needs, and
 * no guest whose own work would be measured along with it.
 */
export interface SuperpageBenchHost {
  readonly host: Host;
  readonly domain: Domain;
  readonly vcpu: Vcpu;
  /** Head frames. Marked where the scheme has marks. */
  readonly superpages: Int32Array;
  /** Head frames of superpages that are neither marked nor mapped. */
  readonly unmarked: Int32Array;
  /** Pinned L2 tables, empty, one entry for each superpage. */
  readonly emptyTables: Int32Array;
  /** L2 tables, not pinned, each filled with entries for 512 of the superpages. */
  readonly filledTables: Int32Array;
  /** A pinned L1 table, empty. */
  readonly l1Table: number;
  /** Frames for 4 KiB mappings, one for each entry of {@link l1Table}. */
  readonly pages: Int32Array;
}

/**
 * Builds it.
 *
 * @param superpages how many, a multiple of 512.
 * @throws RangeError when it is none.
 */
export function buildBenchHost(scheme: SchemeName, superpages: number): SuperpageBenchHost {
  if (superpages % entriesPerTable !== 0 || superpages <= 0) {
    throw new RangeError(`superpages is ${superpages}: expected a multiple of ${entriesPerTable}`);
  }
  const tables = superpages / entriesPerTable;
  const smallFrames = 2 * tables + 1 + entriesPerTable;
  const blocks = 2 * superpages + Math.ceil(smallFrames / framesPerSuperpage) + 2;
  const host = createHost({ frames: blocks * framesPerSuperpage, scheme });
  const domain = createDomain(host, {});
  const vcpu = domain.vcpus[0] as Vcpu;

  const heads = populate(vcpu, 2 * superpages, 9);
  const small = populate(vcpu, smallFrames, 0);
  const [mapped, unmarked] = [heads.subarray(0, superpages), heads.subarray(superpages)];
  const emptyTables = small.subarray(0, tables);
  const filledTables = small.subarray(tables, 2 * tables);
  const l1Table = small[2 * tables] as number;

  for (const [at, head] of mapped.entries()) {
    const table = filledTables[Math.floor(at / entriesPerTable)] as number;
    const stored = builderStore(domain, table, at % entriesPerTable, pteLo(head, leafFlags | _PAGE_PSE), pteHi(head));
    if (!stored) throw new Error(`entry ${at % entriesPerTable} of table ${table} could not be written`);
  }
  unpauseDomain(domain);
  for (const table of emptyTables) extendedOperation(vcpu, MMUEXT_PIN_L2_TABLE, table);
  extendedOperation(vcpu, MMUEXT_PIN_L1_TABLE, l1Table);
  if (schemeHasMarks(scheme)) for (const head of mapped) extendedOperation(vcpu, MMUEXT_MARK_SUPER, head);
  return {
    host,
    domain,
    vcpu,
    superpages: mapped,
    unmarked,
    emptyTables,
    filledTables,
    l1Table,
    pages: small.subarray(2 * tables + 1),
  };
}

function populate(vcpu: Vcpu, count: number, order: number): Int32Array {
  const extents = Int32Array.from({ length: count }, (_, at) => at << order);
  const reservation = { extents, nrExtents: count, extentOrder: order, domid: DOMID_SELF };
  const done = doMemoryOp(vcpu, XENMEM_populate_physmap, reservation);
  if (done !== count) throw new Error(`${done} of ${count} extents of order ${order} were populated`);
  return extents;
}

const operation = new Int32Array(6);

/**
 * One `mmuext_op` with one operation.
 *
 * @throws Error when it is refused: a benchmark of refusals would be taken for a fast one.
 */
export function extendedOperation(vcpu: Vcpu, command: number, frame: number): void {
  operation[0] = command;
  operation[2] = frame;
  const rc = doMmuextOp(vcpu, operation, 1, DOMID_SELF);
  if (rc !== 0) throw new Error(`mmuext_op ${command} of frame ${frame} returned ${rc}: expected 0`);
}
