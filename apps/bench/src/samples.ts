/** Raw measurements of one thing and their spread. Each quantile is one of the samples, never a mean of two. */
export interface Samples {
  /** In the order in which they were taken. */
  readonly values: readonly number[];
  readonly min: number;
  readonly lowerQuartile: number;
  readonly median: number;
  readonly upperQuartile: number;
  readonly max: number;
}

/**
 * Sorts measurements into a spread.
 *
 * @throws RangeError when there is none.
 */
export function samplesOf(values: readonly number[]): Samples {
  if (values.length === 0) throw new RangeError("no samples given: expected at least one");
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] as number;
  return { values, min: at(0), lowerQuartile: at(0.25), median: at(0.5), upperQuartile: at(0.75), max: at(1) };
}

/** All of several series as one. */
export function joinSamples(series: readonly Samples[]): Samples {
  return samplesOf(series.flatMap(({ values }) => values));
}
