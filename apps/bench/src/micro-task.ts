import {
  DOMID_SELF,
  doMmuUpdate,
  MMUEXT_MARK_SUPER,
  MMUEXT_PIN_L2_TABLE,
  MMUEXT_UNMARK_SUPER,
  MMUEXT_UNPIN_TABLE,
  pteHi,
  pteLo,
  schemeHasMarks,
  _PAGE_PSE,
  type SchemeName,
} from "@xsp/hypervisor";
import { anchorTask } from "./micro-result.ts";
import { extendedOperation, leafFlags, type SuperpageBenchHost } from "./superpage-bench-host.ts";

/** References that one operation takes; it gives back as many. */
interface TaskCounts {
  readonly frameGets: number;
  readonly superpageGets: number;
  readonly hypercalls: number;
}

/** Something to be timed. */
export interface MicroTask {
  readonly name: string;
  /** What one operation is. */
  readonly unit: string;
  /** Operations in one call of {@link run}. */
  readonly operations: number;
  /** Leaves everything as it was, so that it can be called any number of times. */
  run(): void;
  /** What one call is counted at, all operations together. */
  readonly counts: TaskCounts;
}

const framesPerSuperpage = 512;
const wordsPerRequest = 4;

/** Requests of `mmu_update`, prepared outside the measured time. */
class UpdateList {
  readonly requests: Int32Array;
  readonly length: number;

  constructor(entries: readonly { table: number; entry: number; lo: number; hi: number }[]) {
    this.length = entries.length;
    this.requests = new Int32Array(entries.length * wordsPerRequest);
    for (const [at, { table, entry, lo, hi }] of entries.entries()) {
      // The machine address of the entry: a table's frame number is below 2^20 here, so its high word is small.
      const address = table * 4096 + entry * 8;
      this.requests.set([address | 0, Math.floor(address / 2 ** 32), lo, hi], at * wordsPerRequest);
    }
  }

  /** The requests cut into lists of at most `size`. */
  batches(size: number): Int32Array[] {
    const step = size * wordsPerRequest;
    const lists: Int32Array[] = [];
    for (let start = 0; start < this.requests.length; start += step) {
      lists.push(this.requests.slice(start, start + step));
    }
    return lists;
  }
}

/** The tasks of one scheme, over a host built for it. */
export function microTasks(scheme: SchemeName, bench: SuperpageBenchHost): readonly MicroTask[] {
  const { vcpu, host, domain, superpages, emptyTables, filledTables } = bench;
  const count = superpages.length;
  const marks = schemeHasMarks(scheme);
  const counted = { frameGets: marks ? 0 : count * framesPerSuperpage, superpageGets: marks ? count : 0 };

  const tableOf = (at: number): number => emptyTables[Math.floor(at / 512)] as number;
  const entries = [...superpages].map((head, at) => ({
    table: tableOf(at),
    entry: at % 512,
    lo: pteLo(head, leafFlags | _PAGE_PSE),
    hi: pteHi(head),
  }));
  const map = new UpdateList(entries);
  const unmap = new UpdateList(entries.map((entry) => ({ ...entry, lo: 0, hi: 0 })));
  const small = [...bench.pages].map((frame, at) => ({
    table: bench.l1Table,
    entry: at,
    lo: pteLo(frame, leafFlags),
    hi: pteHi(frame),
  }));
  const mapSmall = new UpdateList(small);
  const unmapSmall = new UpdateList(small.map((entry) => ({ ...entry, lo: 0, hi: 0 })));

  const updating = (lists: readonly Int32Array[]): void => {
    for (const list of lists) {
      const requests = list.length / wordsPerRequest;
      const rc = doMmuUpdate(vcpu, list, requests, DOMID_SELF);
      if (rc !== 0) throw new Error(`mmu_update returned ${rc} after ${vcpu.done} requests: expected 0`);
    }
  };
  const updateTask = (name: string, unit: string, lists: readonly Int32Array[], counts: TaskCounts): MicroTask => ({
    name,
    unit,
    operations: lists.reduce((sum, list) => sum + list.length / wordsPerRequest, 0) / 2,
    run: () => updating(lists),
    counts,
  });

  const tasks: MicroTask[] = [
    {
      name: "scheme function, map + unmap",
      unit: "hugepage",
      operations: count,
      run() {
        for (let at = 0; at < count; at++) {
          const head = superpages[at] as number;
          if (host.scheme.map(vcpu, domain, head, true, false) !== 0) throw new Error(`map of ${head} was refused`);
          host.scheme.unmap(vcpu, head, true, false);
        }
      },
      counts: { ...counted, hypercalls: 0 },
    },
    updateTask("mmu_update one by one, map + unmap", "hugepage", [...map.batches(1), ...unmap.batches(1)], {
      ...counted,
      hypercalls: 2 * count,
    }),
    updateTask("mmu_update by 32, map + unmap", "hugepage", [...map.batches(32), ...unmap.batches(32)], {
      ...counted,
      hypercalls: count / 16,
    }),
    {
      name: "pin + unpin a full table",
      unit: "hugepage",
      operations: count,
      run() {
        for (const table of filledTables) {
          extendedOperation(vcpu, MMUEXT_PIN_L2_TABLE, table);
          extendedOperation(vcpu, MMUEXT_UNPIN_TABLE, table);
        }
      },
      counts: { ...counted, hypercalls: count / 256 },
    },
    updateTask("4 KiB map + unmap, by 32", "4 KiB page", [...mapSmall.batches(32), ...unmapSmall.batches(32)], {
      frameGets: 0,
      superpageGets: 0,
      hypercalls: 32,
    }),
  ];
  return marks ? [...tasks, markTask(bench)] : tasks;
}

function markTask({ vcpu, unmarked }: SuperpageBenchHost): MicroTask {
  return {
    name: "mark + unmark",
    unit: "hugepage",
    operations: unmarked.length,
    run() {
      for (const head of unmarked) {
        extendedOperation(vcpu, MMUEXT_MARK_SUPER, head);
        extendedOperation(vcpu, MMUEXT_UNMARK_SUPER, head);
      }
    },
    counts: {
      frameGets: unmarked.length * framesPerSuperpage,
      superpageGets: unmarked.length,
      hypercalls: 2 * unmarked.length,
    },
  };
}

/**
 * What the language itself allows: two arrays of one word a frame, each word counted up and down again, with no check
 * of anything.
 */
export function bareIncrements(superpages: number): MicroTask {
  const counts = new Int32Array(superpages * framesPerSuperpage);
  const types = new Int32Array(superpages * framesPerSuperpage);
  return {
    name: anchorTask,
    unit: "hugepage",
    operations: superpages,
    run() {
      addToAll(counts, types, 1);
      addToAll(counts, types, -1);
    },
    counts: { frameGets: 0, superpageGets: 0, hypercalls: 0 },
  };
}

function addToAll(counts: Int32Array, types: Int32Array, by: number): void {
  for (let frame = 0; frame < counts.length; frame++) {
    counts[frame] = (counts[frame] as number) + by;
    types[frame] = (types[frame] as number) + by;
  }
}
