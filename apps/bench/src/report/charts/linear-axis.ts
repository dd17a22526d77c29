/** An axis: where a value stands, and the values that are named beside it. */
export interface Axis {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

/** An axis from 0 on, for what is compared with 1 rather than over decades; `from` and `to` are the places of its ends. */
export function linearAxis(values: readonly number[], from: number, to: number): Axis {
  const greatest = Math.max(...values);
  const decade = 10 ** Math.floor(Math.log10(greatest / 4));
  const step = [1, 2, 5, 10].map((factor) => factor * decade).find((size) => greatest / size <= 6) as number;
  const count = Math.ceil(greatest / step);
  return {
    at: (value) => from + (value / (step * count)) * (to - from),
    ticks: Array.from({ length: count + 1 }, (_, tick) => tick * step),
  };
}
