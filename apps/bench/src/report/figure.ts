import { formatCount, formatDuration, formatSize, shorten } from "@xsp/scenario";
import type { RatioWithSpread } from "../run-ratio.ts";
import type { Samples } from "../samples.ts";
import type { TargetUnit } from "../target.ts";

/** A number that was found, and how it is shown. The number itself is one of those in `report.json`. */
export interface Figure {
  readonly kind: "figure";
  readonly value: number;
  readonly text: string;
}

/** A word that is spelled with digits but is no figure, or something to be typed. */
export interface Name {
  readonly kind: "name" | "code";
  readonly text: string;
}

/** Words, names and figures. */
export type Inline = string | Figure | Name;

/** A sentence or the content of a cell. */
export type Text = readonly Inline[];

/** Writes a text as a template: figures and names are put in braces. */
export function text(words: TemplateStringsArray, ...inlines: readonly (Inline | Text)[]): Text {
  return words.flatMap((word, at) => {
    const inline = inlines[at] ?? "";
    const own = typeof inline === "object" && Array.isArray(inline) ? (inline as Text) : [inline as Inline];
    return [word, ...own].filter((part) => part !== "");
  });
}

/** The text without its marking. */
export function plainText(content: Text): string {
  return content.map((inline) => (typeof inline === "string" ? inline : inline.text)).join("");
}

/** A name with digits in it. */
export function name(of: string): Name {
  return { kind: "name", text: of };
}

/** Something to be typed. */
export function code(of: string): Name {
  return { kind: "code", text: of };
}

/** Nanoseconds. */
export function duration(ns: number): Figure {
  return { kind: "figure", value: ns, text: formatDuration(ns) };
}

/** Bytes. */
export function size(bytes: number): Figure {
  return { kind: "figure", value: bytes, text: bytes < 1024 ? `${shorten(bytes)} B` : formatSize(bytes) };
}

/** How many. */
export function count(of: number): Figure {
  return { kind: "figure", value: of, text: formatCount(of) };
}

/** A ratio. */
export function times(ratio: number): Figure {
  return { kind: "figure", value: ratio, text: `${shorten(ratio)}x` };
}

/** Any number, to three figures. */
export function plain(value: number): Figure {
  return { kind: "figure", value, text: shorten(value) };
}

/** Something a second. */
export function rate(perSecond: number): Figure {
  const millions = perSecond >= 1e6;
  return {
    kind: "figure",
    value: perSecond,
    text: millions ? `${shorten(perSecond / 1e6)} M/s` : `${shorten(perSecond)}/s`,
  };
}

/** A number in the unit that it is measured in. */
export const figureIn: Readonly<Record<TargetUnit, (value: number) => Figure>> = {
  x: times,
  ns: duration,
  bytes: size,
  count,
  perSecond: rate,
  plain,
};

/** Median, and the range around it; one sample is said to be one. */
export function spread(samples: Samples, show: (value: number) => Figure): Text {
  const { values, min, median, max } = samples;
  if (values.length === 1) return text`${show(median)} (one sample)`;
  return text`${show(median)} (${show(min)}–${show(max)})`;
}

/** A ratio, and how far the quartiles let it be off. */
export function spreadOfRatio({ ratio, low, high }: RatioWithSpread): Text {
  return text`${times(ratio)} (${times(low)}–${times(high)})`;
}
