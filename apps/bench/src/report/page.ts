import type { Text } from "./figure.ts";

// What the report says, before it is said in HTML, Markdown, CSV or on a terminal: one description, so that no two of
// them can differ in a figure.

/** A table. The first column names the rows. */
export interface ReportTable {
  readonly kind: "table";
  readonly caption: string;
  readonly header: readonly string[];
  readonly rows: readonly ReportRow[];
  /** Shown on demand: detail that most readers skip. */
  readonly folded?: boolean;
  /** The columns hold sentences rather than figures. */
  readonly wordy?: boolean;
}

/** One row. */
export interface ReportRow {
  readonly label: string;
  readonly cells: readonly Text[];
  /** How the row is set off. */
  readonly tone?: "good" | "bad";
}

/** A drawing. Every number it shows also stands in a table of its section. */
export interface ReportChart {
  readonly kind: "chart";
  readonly title: string;
  /** What it shows, for those who do not see it. */
  readonly alt: string;
  /** One of several that are looked at side by side. */
  readonly half?: boolean;
  /** Draws it as SVG. */
  readonly draw: (width: number) => string;
}

/** A paragraph. */
export interface ReportParagraph {
  readonly kind: "paragraph";
  readonly content: Text;
}

/** One part of the report. */
export interface ReportSection {
  /** For links: `#scaling`. */
  readonly id: string;
  readonly title: string;
  readonly blocks: readonly (ReportTable | ReportChart | ReportParagraph)[];
  /** What makes these figures again. */
  readonly commands: readonly string[];
}

/** The whole report. */
export interface ReportPage {
  readonly title: string;
  readonly lead: readonly Text[];
  readonly sections: readonly ReportSection[];
}

/** A paragraph of a text. */
export function paragraph(content: Text): ReportParagraph {
  return { kind: "paragraph", content };
}
