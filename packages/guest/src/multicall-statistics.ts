/** Why the buffer was flushed before its batch was issued. [L39 arch/x86/xen/multicalls.c enum flush_reasons] */
export const FL_SLOTS = 0;
export const FL_ARGS = 1;
export const FL_CALLBACKS = 2;
const FL_N_REASONS = 3;

/** Hypercall numbers that the histogram has room for: NHYPERCALLS. */
const NHYPERCALLS = 40;

/**
 * What debugfs shows under xen/multicalls, in kernels 2.6.28 to 3.0. [L39 arch/x86/xen/multicalls.c mc_stats]
 *
 * An entry is one slot of a multicall; extended or not it counts as one. Simplified: a flush of an empty buffer is no batch.
 */
export class MulticallStatistics {
  /** Flushes of a buffer that was not empty. */
  batches = 0;
  /** Entries in them. */
  hypercalls = 0;
  /** Bytes of arguments in them. */
  argTotal = 0;
  /** Batches by how many entries they had. */
  readonly batchHisto: Int32Array;
  /** Entries by hypercall number. */
  readonly hypercallHisto: Int32Array = new Int32Array(NHYPERCALLS);
  /** Flushes that came early, by FL_… reason. */
  readonly flushReasons: Int32Array = new Int32Array(FL_N_REASONS);
  /** Most callbacks that ever waited for one flush: the `cbidx` of the tracepoint xen_mc_flush. */
  mostCallbacks = 0;

  /** @param slots - most entries that a batch can have. */
  constructor(slots: number) {
    this.batchHisto = new Int32Array(slots + 1);
  }

  /**
   * Counts a batch: `mc_add_stats`.
   *
   * @param ops - hypercall number of each entry; the first `entries` of them.
   * @param bytes - argument space in use.
   */
  addBatch(ops: Int32Array, entries: number, bytes: number): void {
    this.batches++;
    this.hypercalls += entries;
    this.argTotal += bytes;
    this.batchHisto[entries] = (this.batchHisto[entries] as number) + 1;
    for (let index = 0; index < entries; index++) {
      const op = ops[index] as number;
      this.hypercallHisto[op] = (this.hypercallHisto[op] as number) + 1;
    }
  }

  /** Counts an early flush: `mc_stats_flush`. */
  addFlush(reason: number): void {
    this.flushReasons[reason] = (this.flushReasons[reason] as number) + 1;
  }
}
