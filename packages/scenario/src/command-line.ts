import { evaluateFormula, parseFormula, type FormulaProblem } from "./formula.ts";

/**
 * Puts numbers into a command line or an expected line: `{region / 2MiB}` becomes the whole number it comes to.
 *
 * @param constants - the names that a formula may use, and their numbers.
 * @returns what is wrong when a formula cannot be read or comes to no whole number.
 */
export function fillIn(text: string, constants: Readonly<Record<string, number>>): string | FormulaProblem {
  let filled = "";
  let at = 0;
  for (const { 0: braces, 1: inner = "", index } of text.matchAll(/\{([^{}]*)\}/g)) {
    const value = wholeNumber(inner, constants);
    if (typeof value !== "number") return value;
    filled += text.slice(at, index) + String(value);
    at = index + braces.length;
  }
  return filled + text.slice(at);
}

function wholeNumber(text: string, constants: Readonly<Record<string, number>>): number | FormulaProblem {
  const formula = parseFormula(text);
  if ("problem" in formula) return { problem: `{${text}}: ${formula.problem}` };
  const quantity = evaluateFormula(formula, ({ name }) =>
    Object.hasOwn(constants, name) ? { value: constants[name] as number, time: 0 } : undefined,
  );
  if (quantity === undefined) return { problem: `{${text}} uses a name that let does not have` };
  if (quantity.time === 0 && Number.isSafeInteger(quantity.value)) return quantity.value;
  return { problem: `{${text}} comes to ${quantity.value}, which is no whole number` };
}
