// Sizes and durations as people write them. A bare number is refused on purpose: `memory: 68` would be read as bytes by
// one reader and as GiB by the next.

const sizeUnits: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };
const durationUnits: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, min: 60e9 };

function parseWithUnit(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(text.trim()) ?? [];
  const factor = unit === undefined || !Object.hasOwn(units, unit) ? undefined : units[unit];
  const value = factor === undefined ? Number.NaN : Number(digits) * factor;
  return Number.isSafeInteger(value) ? value : undefined;
}

/**
 * Reads a size such as `64GiB`.
 *
 * @returns bytes, or undefined when the text is no size with a unit or comes to no whole number of bytes.
 */
export function parseSize(text: string): number | undefined {
  return parseWithUnit(text, sizeUnits);
}

/**
 * Reads a duration such as `60s`.
 *
 * @returns nanoseconds, or undefined when the text is no duration with a unit.
 */
export function parseDuration(text: string): number | undefined {
  return parseWithUnit(text, durationUnits);
}

/** The same size spelled the way it is expected, when only the unit's spelling is wrong: `64gb` gives `64GiB`. */
export function respellSize(text: string): string | undefined {
  const [, digits, letter] = /^(\d+(?:\.\d+)?)\s*([kmgt])i?b?$/i.exec(text.trim()) ?? [];
  return letter === undefined ? undefined : `${digits}${letter.toUpperCase()}iB`;
}

/** Prints bytes in the largest unit that keeps it readable: `64 GiB`, `1.5 MiB`. */
export function formatSize(bytes: number): string {
  for (const unit of ["TiB", "GiB", "MiB", "KiB"]) {
    const factor = sizeUnits[unit] as number;
    if (bytes >= factor) return `${shorten(bytes / factor)} ${unit}`;
  }
  return `${bytes} B`;
}

/** Prints nanoseconds with three figures and a unit: `1.65 s`, `340 µs`. */
export function formatDuration(ns: number): string {
  for (const [unit, factor] of [
    ["s", 1e9],
    ["ms", 1e6],
    ["µs", 1e3],
  ] as const) {
    // 999.6 ms would be shortened to 1000 ms.
    if (ns >= factor * 0.9995) return `${shorten(ns / factor)} ${unit}`;
  }
  return `${shorten(ns)} ns`;
}

/** Prints a count with thousands separated: `16,777,216`. */
export function formatCount(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

/** Prints a number with three figures, more only where they stand before the point. */
export function shorten(value: number): string {
  if (value >= 1000) return formatCount(Math.round(value));
  return String(Number(value.toPrecision(3)));
}
