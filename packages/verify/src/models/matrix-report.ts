import {
  type CheckBounds,
  type CheckedProperty,
  type Counterexample,
  type ModelCheck,
  checkedProperties,
} from "./model-check.ts";
import { explainToken, isPublished, propertyMeaning } from "./explanation.ts";
import { modelByName } from "./model-list.ts";

/*
 * Checks put down for readers: the matrix scheme × property, each model × scheme, and each counterexample in words.
 */

/** How one cell is shown. */
type Cell = "holds" | "violated" | "incomplete" | "—";

/** A grid of words: heads, then rows. */
interface Grid {
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}

/** Properties of a set of checks: S1 to S6 as far as they were checked, and `error` when something threw. */
function propertiesOf(checks: readonly ModelCheck[]): CheckedProperty[] {
  const names = new Set(checks.flatMap(({ properties }) => properties.map(({ name }) => name)));
  const threw = checks.some(({ counterexamples }) => counterexamples.some(({ property }) => property === "error"));
  const list: CheckedProperty[] = checkedProperties.filter((name) => names.has(name));
  return threw ? [...list, "error"] : list;
}

/**
 * Over all models: violated if in one of them, incomplete if it is not known of one of them. Where something is violated
 * and therefore something else never happens, the model says nothing about the other properties: those have other models.
 */
function combined(checks: readonly ModelCheck[], scheme: string, property: CheckedProperty): Cell {
  const verdicts = checks
    .filter((check) => check.scheme === scheme)
    .flatMap(({ properties, verdict, reason }) =>
      properties
        .filter(({ name }) => name === property)
        .map((each) => each.verdict)
        .filter((each) => !(each === "incomplete" && verdict === "violated" && reason === "vacuous")),
    );
  // No model examines it.
  if (verdicts.length === 0) return "—";
  if (verdicts.includes("violated")) return "violated";
  return verdicts.includes("incomplete") ? "incomplete" : "holds";
}

function schemeGrid(checks: readonly ModelCheck[]): Grid {
  const properties = propertiesOf(checks);
  const rows = unique(checks.map(({ scheme }) => scheme)).map((scheme) => [
    scheme,
    ...properties.map((property) => combined(checks, scheme, property)),
  ]);
  return { heads: ["scheme", ...properties], rows };
}

function outcome(check: ModelCheck): string {
  const violated = check.properties.filter(({ verdict }) => verdict === "violated").map(({ name }) => name);
  if (violated.length > 0) return `violated: ${violated.join(" ")}`;
  return check.reason === undefined ? check.verdict : `${check.verdict} (${check.reason})`;
}

function figure(value: number): string {
  return value.toLocaleString("en-US");
}

function modelGrid(checks: readonly ModelCheck[]): Grid {
  const rows = checks.map((check) => [
    check.model,
    check.scheme,
    outcome(check),
    figure(check.states),
    figure(check.transitions),
    String(check.depth),
  ]);
  return { heads: ["model", "scheme", "verdict", "states", "transitions", "depth"], rows };
}

function textGrid({ heads, rows }: Grid): string {
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]!.length)));
  const numeric = heads.map((_, column) => rows.every((row) => /^[\d,]+$/.test(row[column]!)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (numeric[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join("  ")
      .trimEnd();
  return [heads, ...rows].map((row) => `${line(row)}\n`).join("");
}

function markdownGrid({ heads, rows }: Grid): string {
  const line = (row: readonly string[]): string => `| ${row.join(" | ")} |\n`;
  return line(heads) + line(heads.map(() => "---")) + rows.map(line).join("");
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** What ended a check before it had seen everything, in words. */
const reasonText: Readonly<Record<NonNullable<ModelCheck["reason"]>, string>> = {
  states: "stopped by the limit on states",
  bytes: "stopped by the limit on memory",
  seconds: "stopped by the limit on time",
  depth: "stopped by the limit on depth",
  aborted: "interrupted",
  unfinished: "interrupted",
  threw: "an operation threw, and nothing behind that was seen; without --property the error is shown",
  vacuous: "what is to be examined never happens",
};

/** Why properties of a check are incomplete, in words; undefined when each has its verdict. */
export function incompleteText({ reason, vacuous }: ModelCheck): string | undefined {
  return reason === undefined ? undefined : [reasonText[reason], ...vacuous].join(", ");
}

/** Bounds in one line. */
export function boundsText(bounds: CheckBounds): string {
  const each = bounds.operations.map((operations, vcpu) => {
    const times = bounds.steps[vcpu] === 1 ? "one" : String(bounds.steps[vcpu]);
    return `vCPU ${vcpu} ${times} of ${operations.join(", ")}`;
  });
  return (
    `${counted(bounds.vcpus, "vCPU")}, ${counted(bounds.domains, "domain")}, ` +
    `${counted(bounds.superpages, "superpage")} of order ${bounds.order}, ${bounds.start} start${bounds.tlb ? ", TLB" : ""}` +
    (bounds.preemptions > 0
      ? `, ${bounds.preemptions} preemption${bounds.preemptions > 1 ? "s" : ""} an operation`
      : "") +
    `${bounds.before.length > 0 ? `, after ${bounds.before.join(", ")}` : ""}; ${each.join("; ")}`
  );
}

/** For schemes of a file, by name, what has to be added to a command that replays their tokens: ` --scheme ./mine.js`. */
export type SchemeFlags = ReadonlyMap<string, string>;

/** The command that shows a counterexample. */
function explainCommand(scheme: string, token: string, schemeFlags: SchemeFlags): string {
  return `xsp explain ${token}${schemeFlags.get(scheme) ?? ""}`;
}

/** One check for a terminal. */
export function checkText(check: ModelCheck, schemeFlags: SchemeFlags = new Map()): string {
  const published = check.verdict === "violated" && isPublished(check.scheme) ? ", in the scheme as published" : "";
  const within = check.verdict === "holds" ? " within these bounds" : "";
  const lines = [
    `${check.model}, ${check.scheme}: ${check.verdict}${within}${published}`,
    `  bounds: ${boundsText(check.bounds)}`,
    `  explored: ${figure(check.states)} states, ${figure(check.transitions)} transitions, depth ${check.depth}` +
      (check.seconds === undefined
        ? ""
        : `, ${check.seconds.toFixed(1)} s, ${figure(Math.round(check.transitions / check.seconds))} transitions/s`),
  ];
  const incomplete = incompleteText(check);
  if (incomplete !== undefined) lines.push(`  incomplete: ${incomplete}`);
  for (const { property, depth, message, token, isShortest } of check.counterexamples) {
    const length = isShortest ? "shortest" : "perhaps not the shortest";
    lines.push(
      `  ${property} violated after ${depth} steps (${length}): ${message}`,
      `     ${explainCommand(check.scheme, token, schemeFlags)}`,
    );
  }
  for (const verdict of ["holds", "incomplete"] as const) {
    const names = check.properties.filter((each) => each.verdict === verdict).map(({ name }) => name);
    if (names.length > 0) lines.push(`  ${verdict}: ${names.join(", ")}`);
  }
  return `${lines.join("\n")}\n`;
}

/** A counterexample, and where it was found. */
interface Found extends Counterexample {
  readonly check: ModelCheck;
}

/** The nearest counterexample of each scheme and property, in the order of the matrix. */
function nearest(checks: readonly ModelCheck[]): Found[] {
  return unique(checks.map(({ scheme }) => scheme)).flatMap((scheme) =>
    propertiesOf(checks).flatMap((property) => {
      let found: Found | undefined;
      for (const check of checks) {
        if (check.scheme !== scheme) continue;
        const example = check.counterexamples.find((each) => each.property === property);
        if (example !== undefined && example.depth < (found?.depth ?? Infinity)) found = { check, ...example };
      }
      return found === undefined ? [] : [found];
    }),
  );
}

/** The matrix for a terminal, with the nearest counterexample of each violated cell. */
export function matrixText(checks: readonly ModelCheck[], schemeFlags: SchemeFlags = new Map()): string {
  const found = nearest(checks).map(({ check, property, depth, token }) => {
    const asPublished = isPublished(check.scheme) ? ", in the scheme as published" : "";
    const command = explainCommand(check.scheme, token, schemeFlags);
    return `${check.scheme}: ${property} in ${check.model} after ${depth} steps${asPublished}\n  ${command}\n`;
  });
  const examples = found.length === 0 ? "" : `\ncounterexamples:\n${found.join("")}`;
  return `${textGrid(schemeGrid(checks))}\n${textGrid(modelGrid(checks))}${examples}`;
}

/** Every counterexample, a row each. */
function counterexampleGrid(checks: readonly ModelCheck[]): Grid {
  const rows = checks.flatMap(({ model, scheme, counterexamples }) =>
    counterexamples.map(({ property, depth, isShortest, token }) => [
      model,
      scheme,
      property,
      isShortest ? String(depth) : `${depth} or fewer`,
      `\`${token}\``,
    ]),
  );
  return { heads: ["model", "scheme", "property", "steps", "token"], rows };
}

/** The matrix as a document: what `docs/findings.md` is. */
export function matrixMarkdown(
  checks: readonly ModelCheck[],
  command: string,
  schemeFlags: SchemeFlags = new Map(),
): string {
  const models = unique(checks.map(({ model }) => model)).map((name) => {
    const { bounds } = checks.find(({ model }) => model === name) as ModelCheck;
    return `- \`${name}\` — ${modelByName(name).examines} Bounds: ${boundsText(bounds)}.\n`;
  });
  const meanings = Object.entries(propertyMeaning)
    .filter(([name]) => name !== "error")
    .map(([name, meaning]) => `- **${name}** ${meaning}\n`);
  const found = nearest(checks).map(({ check, property, token, isShortest }) => {
    const { paragraph } = explainToken(token);
    const length = isShortest ? "" : " (perhaps not the shortest)";
    return `### ${check.scheme}: ${property}, in \`${check.model}\`${length}\n\n${paragraph}\n\n\`\`\`text\n${explainCommand(check.scheme, token, schemeFlags)}\n\`\`\`\n\n`;
  });
  const unfinished = checks.filter(({ reason }) => reason !== undefined && reason !== "vacuous").length;
  const explored =
    unfinished === 0
      ? "Every model is explored to its end under every scheme, by\nrunning the shipped hypervisor code."
      : `Models are explored by running the shipped\nhypervisor code; ${unfinished} of ${checks.length} checks are not explored to their end.`;
  return `# Findings

Made by \`${command}\`; do not edit. ${explored} \`holds\` speaks of the bounds of the models below and of no others. What is found
in \`rfc\`, its variants and \`xen-4.1\` is so in the scheme as published.

## Schemes and properties

${markdownGrid(schemeGrid(checks))}
${meanings.join("")}
## Not explored

- More than the vCPUs, operations, superpages and preemptions named with each model; superpages of order 3 and more.
  \`xsp check MODEL\` takes other bounds: \`--vcpus\`, \`--superpages\`, \`--order\`, \`--steps\`.
- The destruction of a domain, access by access, beside another domain's map or mark of its superpage: too many states.
  \`preempted-destroy\` has its own vCPUs stopped in the middle, and \`docs/sealed.md\` a mark before each of its accesses.
- S4's second half, that no domain changes the accounting word of another's superpage, under \`rfc\` and \`xen-4.1\` where
  frames change hands (\`release\`, \`destroy\`, \`preempted-destroy\`): their words name no owner. Elsewhere it is checked by
  what hypercalls return; under \`sealed\` by the owner in its words, in every state.
- Counts at their limits, the other half of S2: \`docs/sealed.md\` has one model, unit tests the rest. Descriptor pages.
- Slots of \`sealed-percpu\` that several vCPUs share: here each vCPU has its own. \`docs/sealed.md\` names the models in which
  two and three share one or two.
- Cached translations but in \`stale-translation\`. Under \`per-frame\`, which has no marks, models that mark or unmark say
  nothing about marks. S4 does not look at entries of the kernel's direct map.
- Preemption of destruction, and preemption with three vCPUs. Weak memory: exploration is sequentially consistent.

S6 needs no fairness: operations are bounded, and their loops go on only when another vCPU has moved, so every run ends, and
whoever waits for ever waits in a deadlock. That an unmark comes to succeed is checked in \`unmark-at-last\`, in both starts.
The advisories have searches of their own (\`docs/advisories.md\`), and so has \`sealed\` without each of its checks
(\`docs/sealed.md\`).

## Models

${models.join("")}
## Every check

Figures are exact: they are the same on every machine.

${markdownGrid(modelGrid(checks))}
## Shortest counterexamples

One for each scheme and property, in the model where the fewest steps were found; \`xsp explain\` shows every access.

${found.join("")}## Every counterexample

\`xsp explain TOKEN\` shows each, \`xsp replay TOKEN\` says whether it still stands.

${markdownGrid(counterexampleGrid(checks)).trimEnd()}
`;
}
