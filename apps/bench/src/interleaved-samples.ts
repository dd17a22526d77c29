/** Something that can be called any number of times. */
export interface TimedTask {
  run(): void;
}

/** What was measured of one task. */
export interface TaskTimes {
  readonly calls: number;
  /** Nanoseconds of one call, a sample for each round. */
  readonly callNs: readonly number[];
}

/**
 * Times several tasks in turns, A-B-C-A-B-C: what slows the machine down for a while then slows all of them, and the
 * ratio between two of them in one round is what the machine's mood leaves alone.
 *
 * @param rounds samples of each task; one round more is run before, for the compiler, and thrown away.
 * @param sampleNs least duration of one sample.
 * @param now nanoseconds since any fixed moment.
 */
export function interleavedSamples(
  tasks: readonly TimedTask[],
  rounds: number,
  sampleNs: number,
  now: () => number,
): readonly TaskTimes[] {
  const calls = tasks.map((task) => callsFor(task, sampleNs, now));
  const times: number[][] = tasks.map(() => []);
  for (let round = -1; round < rounds; round++) {
    for (const [at, task] of tasks.entries()) {
      const repeats = calls[at] as number;
      const started = now();
      for (let call = 0; call < repeats; call++) task.run();
      const ns = (now() - started) / repeats;
      if (round >= 0) times[at]?.push(ns);
    }
  }
  return times.map((callNs, at) => ({ calls: calls[at] as number, callNs }));
}

/** Doubles the calls until they take long enough; by then the task is compiled as well. */
function callsFor(task: TimedTask, sampleNs: number, now: () => number): number {
  for (let calls = 1; ; calls *= 2) {
    const started = now();
    for (let call = 0; call < calls; call++) task.run();
    if (now() - started >= sampleNs || calls >= 2 ** 20) return calls;
  }
}
