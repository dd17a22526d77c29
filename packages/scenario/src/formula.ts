import { parseDuration, parseSize } from "./quantity.ts";

// Expectations name what they are about by short formulas over what was measured:
//
//   fork.events.superpageGets                    a measure of the run under each scheme
//   fork.modelled@per-frame                      of the run under one scheme
//   fork.events.frameGets + fork.events.typeGets
//   fork.modelled / (region / 1GiB)              sizes are bytes, durations nanoseconds
//
// Precedence as everywhere: * and / before + and -. A dimension is carried along, for 3 s plus 5 hugepages is a mistake.

/** A number and the power of time in it: 0 for counts and bytes, 1 for nanoseconds. */
export interface Quantity {
  readonly value: number;
  readonly time: number;
}

/** A measure by its name, and the scheme under which it is taken if that is said. */
export interface MeasureName {
  readonly name: string;
  readonly scheme?: string;
}

type Operator = "+" | "-" | "*" | "/";

/** A formula that has been read. */
export type Formula =
  | { readonly kind: "quantity"; readonly quantity: Quantity }
  | { readonly kind: "measure"; readonly measure: MeasureName }
  | { readonly kind: "operation"; readonly operator: Operator; readonly left: Formula; readonly right: Formula };

/** What is wrong with a formula, completing "… is wrong: ". */
export interface FormulaProblem {
  readonly problem: string;
}

const token = /\s*(?:(\d+(?:\.\d+)?[A-Za-z]*)|([A-Za-z]\w*(?:\.[A-Za-z]\w*)*)(?:@([\w.-]+))?|([-+*/()]))/y;

type Token = { readonly text: string } & (
  | { readonly kind: "value"; readonly formula: Formula }
  | { readonly kind: "sign" }
);

/** Reads a formula; a number is one too. */
export function parseFormula(text: string): Formula | FormulaProblem {
  const tokens = tokensOf(text);
  if ("problem" in tokens) return tokens;
  const [formula, next] = sum(tokens, 0);
  if (!("kind" in formula)) return formula;
  const left = tokens[next];
  return left === undefined ? formula : { problem: `${left.text} does not go on from what stands before it` };
}

function tokensOf(text: string): readonly Token[] | FormulaProblem {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  token.lastIndex = 0;
  for (let at = 0; at < end; at = token.lastIndex) {
    const [found, number, name, scheme, sign] = token.exec(text) ?? [];
    if (found === undefined) return { problem: `${text.slice(at).trim()} is neither a number nor a name nor a sign` };
    if (sign !== undefined) {
      tokens.push({ kind: "sign", text: sign });
    } else if (name !== undefined) {
      const measure = scheme === undefined ? { name } : { name, scheme };
      tokens.push({ kind: "value", text: found.trim(), formula: { kind: "measure", measure } });
    } else {
      const quantity = parseQuantity(number as string);
      if (quantity === undefined) return { problem: `${number} has a unit that is none of size or time` };
      tokens.push({ kind: "value", text: number as string, formula: { kind: "quantity", quantity } });
    }
  }
  return tokens;
}

/** Reads a plain number, a size (bytes) or a duration (nanoseconds). */
function parseQuantity(text: string): Quantity | undefined {
  const plain = Number(text);
  if (!Number.isNaN(plain)) return { value: plain, time: 0 };
  const bytes = parseSize(text);
  if (bytes !== undefined) return { value: bytes, time: 0 };
  const ns = parseDuration(text);
  return ns === undefined ? undefined : { value: ns, time: 1 };
}

/** What was read, or what is wrong, and the token to go on with. */
type Parsed = readonly [Formula | FormulaProblem, next: number];

function chain(tokens: readonly Token[], at: number, signs: string, operand: typeof sum): Parsed {
  let [left, next] = operand(tokens, at);
  for (;;) {
    const sign = tokens[next];
    if (!("kind" in left) || sign?.kind !== "sign" || !signs.includes(sign.text)) return [left, next];
    const [right, after] = operand(tokens, next + 1);
    if (!("kind" in right)) return [right, after];
    left = { kind: "operation", operator: sign.text as Operator, left, right };
    next = after;
  }
}

function sum(tokens: readonly Token[], at: number): Parsed {
  return chain(tokens, at, "+-", product);
}

function product(tokens: readonly Token[], at: number): Parsed {
  return chain(tokens, at, "*/", factor);
}

function factor(tokens: readonly Token[], at: number): Parsed {
  const first = tokens[at];
  if (first === undefined) return [{ problem: "a number or a name is missing at its end" }, at];
  if (first.kind === "value") return [first.formula, at + 1];
  if (first.text !== "(") return [{ problem: `${first.text} stands where a number or a name belongs` }, at];
  const [inner, next] = sum(tokens, at + 1);
  if (!("kind" in inner)) return [inner, next];
  const closing = tokens[next]?.text === ")";
  return closing ? [inner, next + 1] : [{ problem: "a ) is missing" }, next];
}

/** Every measure that a formula names. */
export function measuresIn(formula: Formula): readonly MeasureName[] {
  if (formula.kind === "measure") return [formula.measure];
  return formula.kind === "operation" ? [...measuresIn(formula.left), ...measuresIn(formula.right)] : [];
}

/**
 * Evaluates a formula.
 *
 * @param lookUp - the measures; undefined for one that the run does not have.
 * @returns undefined when a measure is not there, or when times and plain numbers are added to each other.
 */
export function evaluateFormula(
  formula: Formula,
  lookUp: (measure: MeasureName) => Quantity | undefined,
): Quantity | undefined {
  if (formula.kind === "quantity") return formula.quantity;
  if (formula.kind === "measure") return lookUp(formula.measure);
  const left = evaluateFormula(formula.left, lookUp);
  const right = evaluateFormula(formula.right, lookUp);
  return left === undefined || right === undefined ? undefined : combine(formula.operator, left, right);
}

function combine(operator: Operator, left: Quantity, right: Quantity): Quantity | undefined {
  switch (operator) {
    case "*":
      return { value: left.value * right.value, time: left.time + right.time };
    case "/":
      return { value: left.value / right.value, time: left.time - right.time };
    case "+":
      return left.time === right.time ? { value: left.value + right.value, time: left.time } : undefined;
    case "-":
      return left.time === right.time ? { value: left.value - right.value, time: left.time } : undefined;
  }
}
