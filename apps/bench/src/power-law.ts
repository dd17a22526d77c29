/** How one quantity grows with another. */
export interface Growth {
  /** b of y = a·x^b, by least squares over the logarithms: 1 is linear. */
  readonly exponent: number;
  /** Slope of y = c + m·x, by least squares: what one more of x costs, a constant part left aside. */
  readonly perUnit: number;
}

/** Slope of the least-squares line. */
function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (at: 0 | 1): number => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  let above = 0;
  let below = 0;
  for (const [x, y] of points) {
    above += (x - meanX) * (y - meanY);
    below += (x - meanX) ** 2;
  }
  return above / below;
}

/**
 * Fits both.
 *
 * @returns undefined when fewer than two different x are given, or a value is not positive: there is no slope then.
 */
export function growthOf(points: readonly (readonly [x: number, y: number])[]): Growth | undefined {
  const isPositive = points.every(([x, y]) => x > 0 && y > 0);
  if (!isPositive || new Set(points.map(([x]) => x)).size < 2) return undefined;
  return {
    exponent: slope(points.map(([x, y]) => [Math.log(x), Math.log(y)] as const)),
    perUnit: slope(points),
  };
}
