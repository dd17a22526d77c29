import { toChromeTrace, toDot, toHtml, toItf, toJsonLines } from "@xsp/checker";
import type { Explanation } from "./explanation.ts";
import { boundsText } from "./matrix-report.ts";

/*
 * A counterexample for other programs and other readers, by the end of the file's name.
 */

/** The end of a file's name, which says what is written into it. */
export type TraceSuffix = ".itf.json" | ".trace.json" | ".dot" | ".html" | ".jsonl";

const writers: Readonly<Record<TraceSuffix, (explanation: Explanation) => string>> = {
  ".itf.json": ({ trace, format }) => toItf(trace, format),
  ".trace.json": ({ trace, format }) => toChromeTrace(trace, format),
  ".dot": ({ trace, format }) => toDot(trace, format),
  ".html": (explanation) => htmlPage(explanation),
  ".jsonl": ({ trace }) => toJsonLines(trace),
};

/** The ends of file names that stand for a format. */
export const traceSuffixes = Object.keys(writers) as readonly TraceSuffix[];

/** The suffix of a file's name that stands for a format; undefined when it has none of them. */
export function traceSuffixOf(file: string): TraceSuffix | undefined {
  const name = file.toLowerCase();
  return traceSuffixes.find((suffix) => name.endsWith(suffix));
}

/** A counterexample in the format that a suffix stands for. */
export function exportTrace(explanation: Explanation, suffix: TraceSuffix): string {
  return writers[suffix](explanation);
}

function htmlPage({ model, scheme, bounds, trace, format, paragraph, legend }: Explanation): string {
  return toHtml(trace, format, {
    title: `${model}, ${scheme}: ${trace.steps.length} steps`,
    paragraphs: [paragraph, `Bounds: ${boundsText(bounds)}.`, `${legend}.`],
  });
}
