import { styleText } from "node:util";
import type { TextStyle } from "@xsp/scenario";

const formats: Readonly<Record<Parameters<TextStyle>[0], Parameters<typeof styleText>[0]>> = {
  heading: "bold",
  section: "cyan",
  faint: "dim",
  verdict: "bold",
};

/** Colours for a stream: none where it is no terminal, or where NO_COLOR is set. */
export function terminalStyle(stream: NodeJS.WriteStream): TextStyle {
  const colours = stream.isTTY && stream.hasColors() && !process.env["NO_COLOR"];
  return (part, text) => (colours ? styleText(formats[part], text) : text);
}
