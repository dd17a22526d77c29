import type { Scheme } from "../scheme.ts";

/*
 * A scheme of somebody else's may come from a file that no compiler has seen: what is not there is told here, and not
 * by a TypeError in the middle of a hypercall.
 */

/** Something that should be a scheme and is none, told so that its author can mend it. */
export class SchemeProblem extends RangeError {
  readonly problem: string;
  readonly expected: string;
  readonly remedy: string;

  constructor(problem: string, expected: string, remedy: string) {
    super(`scheme: ${problem}; expected ${expected}`);
    this.name = "SchemeProblem";
    this.problem = problem;
    this.expected = expected;
    this.remedy = remedy;
  }
}

const NAME = /^[a-z][a-z0-9]*(?:[.-][a-z0-9]+)*$/;
const LONGEST_NAME = 40;
const MOST_WORDS = 16;

const functions = {
  map: "map(vcpu, domain, head, writable, preemptible)",
  unmap: "unmap(vcpu, head, writable, preemptible)",
  mark: "mark(vcpu, domain, head, preemptible)",
  unmark: "unmark(vcpu, domain, head, preemptible)",
  relinquish: "relinquish(vcpu, domain, head, preemptible)",
  trim: "trim(vcpu, slot, head, preemptible)",
  leftOver: "leftOver(host, slot, head)",
  state: "state(host, head)",
  expected: "expected(host, head, users)",
} as const;

/**
 * Checks that something is a scheme which is not one of XSP's own.
 *
 * @throws SchemeProblem naming the first part that is missing or wrong.
 */
export function requireScheme(candidate: unknown): Scheme {
  if (typeof candidate !== "object" || candidate === null) {
    throw new SchemeProblem(
      `${candidate === null ? "null" : `a value of type ${typeof candidate}`} is given`,
      "an object with name, marks, wordsPerSuperpage and the functions of a scheme",
      "begin with the template: xsp new scheme",
    );
  }
  const parts = candidate as Partial<Record<keyof Scheme, unknown>>;
  requireSchemeName(parts.name);
  if (typeof parts.marks !== "boolean") {
    throw new SchemeProblem(
      `marks is ${told(parts.marks)}`,
      "true or false",
      "say whether guests can mark superpages under it",
    );
  }
  const words = parts.wordsPerSuperpage;
  if (typeof words !== "number" || !Number.isInteger(words) || words < 0 || words > MOST_WORDS) {
    throw new SchemeProblem(
      `wordsPerSuperpage is ${told(words)}`,
      `a whole number from 0 to ${MOST_WORDS}`,
      "say how many words it keeps for each superpage",
    );
  }
  if (parts.slots !== undefined) {
    throw new SchemeProblem(
      `slots is ${told(parts.slots)}`,
      "no slots: the audit holds the words of host.superpage alone against what such a scheme expects",
      "leave slots out and keep all words in host.superpage: wordsPerSuperpage says how many",
    );
  }
  for (const [name, signature] of Object.entries(functions)) {
    const part = parts[name as keyof typeof functions];
    if (typeof part === "function") continue;
    throw new SchemeProblem(`${name} is ${told(part)}`, `the function ${signature}`, `add ${name} to the scheme`);
  }
  if (parts.describeWord !== undefined && typeof parts.describeWord !== "function") {
    throw new SchemeProblem(
      `describeWord is ${told(parts.describeWord)}`,
      "the function describeWord(place, word), or nothing",
      "leave it out, and traces show plain numbers",
    );
  }
  return candidate as Scheme;
}

/**
 * Checks the name of a scheme that is to be added.
 *
 * @throws SchemeProblem when no scheme can be called so.
 */
export function requireSchemeName(name: unknown): string {
  if (typeof name !== "string" || !NAME.test(name) || name.length > LONGEST_NAME) {
    throw new SchemeProblem(
      `name is ${told(name)}`,
      `lower-case letters and digits, parts joined by - or ., at most ${LONGEST_NAME} characters, such as my-scheme`,
      "give it a name of this form: it stands in tokens and file names",
    );
  }
  if (name.startsWith("sealed")) {
    throw new SchemeProblem(
      `name is "${name}"`,
      "a name that does not begin with sealed: the checker reads the words of such schemes as XSP's sealed writes them",
      "choose another name",
    );
  }
  return name;
}

function told(value: unknown): string {
  if (value === undefined) return "missing";
  return typeof value === "string" || typeof value === "number"
    ? JSON.stringify(value)
    : `a value of type ${typeof value}`;
}
