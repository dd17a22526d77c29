import { csvReport, markdownReport, svgReport, textReport, type AnyResult, type TextStyle } from "@xsp/scenario";

/** How a result is printed for one reader. */
export interface ReportOptions {
  /** The command that made it, as it can be typed again. */
  readonly command: string;
  readonly style?: TextStyle;
  /** Columns of the terminal. */
  readonly width?: number;
}

/** A way to write a result down. */
export type ReportFormat = "text" | "json" | "md" | "csv" | "svg";

type Renderer = (result: AnyResult, options: ReportOptions) => string;

const renderers: Readonly<Record<ReportFormat, Renderer>> = {
  text: (result, options) => textReport(result, options),
  json: (result) => `${JSON.stringify(result, null, 2)}\n`,
  md: (result, { command }) => markdownReport(result, { command }),
  csv: (result) => csvReport(result),
  svg: (result) => svgReport(result),
};

/** Writes a result down. */
export function renderReport(format: ReportFormat, result: AnyResult, options: ReportOptions): string {
  return renderers[format](result, options);
}
