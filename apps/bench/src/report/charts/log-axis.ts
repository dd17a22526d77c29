import type { Axis } from "./linear-axis.ts";

/**
 * A logarithmic axis that holds every value.
 *
 * @param from the place of its least end, `to` of its greatest.
 * @param base 10 for times and counts, 2 for sizes.
 */
export function logAxis(values: readonly number[], from: number, to: number, base: 2 | 10 = 10): Axis {
  const positive = values.filter((value) => value > 0);
  const logs = positive.map((value) => Math.log(value) / Math.log(base));
  const [least, greatest] = [Math.min(...logs), Math.max(...logs)];
  // Over less than a decade and a half, whole powers would be a tick or two: 1, 2, 5 then, or each power of two.
  const isShort = greatest - least < (base === 10 ? 1.5 : 4);
  const steps = base === 10 && isShort ? [1, 2, 5] : [1];
  const stride = base === 2 && greatest - least > 6 ? 2 : 1;
  const candidates: number[] = [];
  for (let power = Math.floor(least) - stride; power <= Math.ceil(greatest) + stride; power++) {
    if (power % stride === 0) candidates.push(...steps.map((step) => step * base ** power));
  }
  const low = candidates.findLast((tick) => tick <= base ** least * 1.0001) as number;
  const high = candidates.find((tick) => tick >= base ** greatest * 0.9999 && tick > low) as number;
  const [start, range] = [Math.log(low), Math.log(high) - Math.log(low)];
  return {
    at: (value) => from + ((Math.log(Math.max(value, low)) - start) / range) * (to - from),
    ticks: candidates.filter((tick) => tick >= low && tick <= high),
  };
}
