import { styleText } from "node:util";
import type { TextStyle } from "@xsp/scenario";

const formats: Readonly<Record<Parameters<TextStyle>[0], Parameters<typeof styleText>[0]>> = {
  heading: "bold",
  section: "cyan",
  faint: "dim",
  verdict: "bold",
};

/** The part of a Node stream that tells whether it takes colours. */
export interface StyledStream {
  readonly isTTY?: boolean;
  hasColors(): boolean;
}

/** Colours for a stream: none where it is no terminal, or where NO_COLOR is set. */
export function terminalStyle(stream: StyledStream): TextStyle {
  const colours = stream.isTTY === true && stream.hasColors() && !process.env["NO_COLOR"];
  return (part, text) => (colours ? styleText(formats[part], text) : text);
}
