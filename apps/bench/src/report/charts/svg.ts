import { escapeHtml } from "../html.ts";
import type { Figure } from "../figure.ts";

// Own SVG: a handful of bars, lines and marks need no library, and those that draw well on a server bring a DOM or a
// dozen packages with them. Colours are classes, so that the page's style decides on light and dark.

/** A colour's role: the two bars of a pair, a second line, and answers in time or too late. */
export type Tone = "a" | "b" | "c" | "good" | "bad";

/** A tenth of a pixel is enough. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Attributes of a text. */
interface TextLook {
  readonly classes?: string;
  readonly anchor?: "start" | "middle" | "end";
}

/** Words at a place. */
export function words(x: number, y: number, content: string, look: TextLook = {}): string {
  const { classes = "name", anchor = "start" } = look;
  return `<text x="${round(x)}" y="${round(y)}" class="${classes}" text-anchor="${anchor}">${escapeHtml(content)}</text>`;
}

/** A figure at a place: it carries its number, as figures in the page's text do. */
export function figureAt(x: number, y: number, figure: Figure, anchor: TextLook["anchor"] = "start"): string {
  return (
    `<text x="${round(x)}" y="${round(y)}" class="value" text-anchor="${anchor}" data-value="${figure.value}">` +
    `${escapeHtml(figure.text)}</text>`
  );
}

/** A straight line. */
export function line(x1: number, y1: number, x2: number, y2: number, classes: string): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" class="${classes}"/>`;
}

/** A filled rectangle. */
export function box(x: number, y: number, width: number, height: number, classes: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" class="${classes}"/>`;
}

/** The drawing. The page around it says what it shows. */
export function drawing(width: number, height: number, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${round(width)} ${round(height)}" aria-hidden="true">${parts.join("")}</svg>`;
}

/** Estimated width of a text: nothing here knows the font that it will be shown in. */
export function textWidth(content: string): number {
  return content.length * 6.6;
}

/** A legend in rows that fit the width. */
export function legendOf(
  entries: readonly (readonly [tone: Tone, label: string])[],
  width: number,
  swatch: (x: number, y: number, tone: Tone) => string,
): { readonly parts: readonly string[]; readonly height: number } {
  const parts: string[] = [];
  let [x, y] = [0, 14];
  for (const [tone, label] of entries) {
    const needed = 24 + textWidth(label);
    if (x > 0 && x + needed > width) [x, y] = [0, y + 18];
    parts.push(swatch(x, y, tone), words(x + 20, y, label, { classes: "legend name" }));
    x += needed + 12;
  }
  return { parts, height: entries.length === 0 ? 0 : y + 10 };
}
