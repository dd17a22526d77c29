import { knownSchemeNames } from "@xsp/hypervisor";
import { fillIn } from "./command-line.ts";
import type { Inconsistency } from "./consistency.ts";
import { Console } from "./console/console.ts";
import { boundNames } from "./expectation.ts";
import { evaluateFormula, measuresIn, parseFormula } from "./formula.ts";
import { eventNames, measuresOf, type Measure } from "./measure.ts";
import { nearestName } from "./nearest-name.ts";
import { resolveConstants } from "./scenario-resolution.ts";
import type { ScenarioFile, Schemes, StepFields } from "./scenario-schema.ts";
import { phaseNames } from "./scheme-run.ts";
import type { Scenario } from "./scenario.ts";

/** First words of measures, which a measured step may not be called by; a login storm has a fork and an exec besides. */
const stormReserved: readonly string[] = [...phaseNames, "audit"];
const reserved: readonly string[] = stormReserved.filter((name) => name !== "fork" && name !== "exec");

/** Checks the parts of a file by themselves: before constants are filled in, for that needs them to be right. */
export function stepInconsistencies(file: ScenarioFile): readonly Inconsistency[] {
  const constants = resolveConstants(file);
  const seen = new Set([...(file.workload === undefined ? reserved : stormReserved), ...Object.keys(file.let)]);
  const steps = file.steps.flatMap((step, at) => {
    const found = [
      ...schemeProblems(step, `steps.${at}`),
      ...formProblems(step, `steps.${at}`),
      ...labelProblems(step, `steps.${at}`, seen),
      ...commandProblems(step, `steps.${at}`, constants),
    ];
    if (step.as !== undefined) seen.add(step.as);
    return found;
  });
  return [
    ...steps,
    ...file.expect.flatMap((fields, at) => schemeProblems(fields, `expect.${at}`)),
    ...file.published.flatMap((fields, at) => schemeProblems(fields, `published.${at}`)),
  ];
}

/** Of `under` and `except` only one can be followed. */
function schemeProblems({ under, except }: Schemes, path: string): Inconsistency[] {
  if (under === undefined || except === undefined) return [];
  return [
    {
      paths: [path],
      problem: `${path} has both under and except`,
      expected: "the schemes for which it stands, or those for which it does not",
      remedy: "remove one of the two",
    },
  ];
}

function formProblems({ run, measure, as, prints, refused, under, except }: StepFields, path: string): Inconsistency[] {
  const found: Inconsistency[] = [];
  if ((run === undefined) === (measure === undefined)) {
    found.push({
      paths: [path],
      problem: `${path} has ${run === undefined ? "neither run nor measure" : "both run and measure"}`,
      expected: "one of the two: run for a command, measure for one whose events are shown",
      remedy: run === undefined ? "add run and a command line" : "remove one of the two",
    });
  }
  if ((measure === undefined) !== (as === undefined)) {
    found.push({
      paths: [path],
      problem: measure === undefined ? `${path} has as, and measures nothing` : `${path}.as is missing`,
      expected: "a name for what is measured, and none for what is not",
      remedy: measure === undefined ? "remove as, or write measure instead of run" : "add as, such as as: fork",
    });
  }
  if ((under ?? except) !== undefined && prints === undefined && refused === undefined) {
    const given = under === undefined ? "except" : "under";
    found.push({
      paths: [`${path}.${given}`],
      problem: `${path}.${given} is given, and nothing is expected of the step`,
      expected: "prints or refused, which hold under some schemes; the step itself is run under all",
      remedy: `add what is expected, or remove ${given}`,
    });
  }
  return found;
}

function labelProblems({ as }: StepFields, path: string, seen: ReadonlySet<string>): Inconsistency[] {
  if (as === undefined || !seen.has(as)) return [];
  return [
    {
      paths: [`${path}.as`],
      problem: `${as} is the name of something else already`,
      expected: `a name that no other step and no number of let has, and none of ${stormReserved.join(", ")}`,
      remedy: `call it ${as}2, for example`,
    },
  ];
}

function commandProblems(
  { run, measure = [], prints = [] }: StepFields,
  path: string,
  constants: Readonly<Record<string, number>>,
): Inconsistency[] {
  const lines = [
    ...(run === undefined ? [] : [{ text: run, at: `${path}.run`, command: true }]),
    ...measure.map((text, index) => ({ text, at: `${path}.measure.${index}`, command: true })),
    ...prints.map((text, index) => ({ text, at: `${path}.prints.${index}`, command: false })),
  ];
  return lines.flatMap(({ text, at, command }): Inconsistency[] => {
    const filled = fillIn(text, constants);
    if (typeof filled !== "string") {
      return [
        {
          paths: [at],
          problem: `${at} cannot be filled in: ${filled.problem}`,
          expected: `a formula over ${Object.keys(constants).join(", ") || "numbers"} that comes to a whole number`,
          remedy: "mend what stands between the braces, or add the name to let",
        },
      ];
    }
    return command ? unknownCommand(filled, at) : [];
  });
}

function unknownCommand(line: string, path: string): Inconsistency[] {
  const names = Console.commands.map(({ name }) => name);
  const word = line.trim();
  // `xl dmesg` is a command of two words.
  if (names.some((name) => word === name || word.startsWith(`${name} `))) return [];
  const first = /^\S+/.exec(word)?.[0] ?? "";
  const meant = nearestName(first, names);
  return [
    {
      paths: [path],
      problem: `${path} is ${JSON.stringify(line)}: there is no command ${first}`,
      expected: `one of the commands ${[...new Set(names)].join(", ")}`,
      remedy: meant === undefined ? "xsp shell, then help, lists them" : `did you mean ${meant}?`,
    },
  ];
}

/** Checks what a scenario expects: that every formula can be read, and measures what its runs will have. */
export function expectationInconsistencies(scenario: Scenario): readonly Inconsistency[] {
  const measures = new Map(measuresOf(scenario).map((measure) => [measure.name, measure]));
  const found: Inconsistency[] = [];
  const times = (text: string, path: string): number | undefined => {
    const checked = checkFormula(text, path, measures);
    if (typeof checked === "number") return checked;
    found.push(checked);
    return undefined;
  };
  for (const [at, { what, bounds }] of scenario.expect.entries()) {
    const path = `expect.${at}`;
    const time = times(what, `${path}.what`);
    const given = boundNames.filter((name) => bounds[name] !== undefined);
    for (const name of given) {
      const other = times(bounds[name] as string, `${path}.${name}`);
      if (time !== undefined && other !== undefined && time !== other) found.push(dimensions(`${path}.${name}`, time));
    }
    if (given.length === 0) {
      found.push({
        paths: [path],
        problem: `${path} says of ${what} nothing that could hold or not`,
        expected: "is, atLeast or atMost",
        remedy: "add one, such as is: 0",
      });
    }
  }
  for (const [at, { what, figure }] of scenario.published.entries()) {
    const time = times(what, `published.${at}.what`);
    const other = times(figure, `published.${at}.figure`);
    if (time !== undefined && other !== undefined && time !== other) {
      found.push(dimensions(`published.${at}.figure`, time));
    }
  }
  return found;
}

function dimensions(path: string, time: number): Inconsistency {
  return {
    paths: [path],
    problem: `${path} is of another kind than what it is compared with`,
    expected: time === 1 ? "a duration, such as 60s" : "a plain number",
    remedy: time === 1 ? "add a unit: ns, us, ms, s or min" : "leave the unit of time out, or divide by a time",
  };
}

/** Reads a formula. Returns the power of time in it, or what is wrong. */
function checkFormula(text: string, path: string, measures: ReadonlyMap<string, Measure>): number | Inconsistency {
  const formula = parseFormula(text);
  if ("problem" in formula) {
    return {
      paths: [path],
      problem: `${path} is ${JSON.stringify(text)}: ${formula.problem}`,
      expected: "a formula of measures, numbers, + - * / and brackets",
      remedy: "write one such as fork.modelled / 2",
    };
  }
  for (const { name, scheme } of measuresIn(formula)) {
    if (!measures.has(name)) return unknownMeasure(name, path, [...measures.keys()]);
    if (scheme !== undefined && !knownSchemeNames().includes(scheme)) {
      return {
        paths: [path],
        problem: `${path} compares with ${scheme}, and there is no scheme of that name`,
        expected: `one of ${knownSchemeNames().join(", ")}`,
        remedy: `did you mean ${nearestName(scheme, knownSchemeNames()) ?? "sealed"}?`,
      };
    }
  }
  const quantity = evaluateFormula(formula, ({ name }) => ({ value: 1, time: measures.get(name)?.time ?? 0 }));
  if (quantity !== undefined) return quantity.time;
  return {
    paths: [path],
    problem: `${path} is ${JSON.stringify(text)}: it adds times to plain numbers`,
    expected: "sums and differences of one kind",
    remedy: "add a unit: ns, us, ms, s or min",
  };
}

function unknownMeasure(name: string, path: string, known: readonly string[]): Inconsistency {
  const meant = nearestName(name, known);
  const shown = known.filter((measure) => !eventNames.some((event) => measure.endsWith(`.events.${event}`)));
  const events = known.filter((measure) => measure.endsWith(".events.hypercalls"));
  return {
    paths: [path],
    problem: `${path} measures ${name}, which no run has`,
    expected: `one of ${[...shown, ...events.map((measure) => measure.replace("hypercalls", "…"))].join(", ")}`,
    remedy: meant === undefined ? "choose one of these" : `did you mean ${meant}?`,
  };
}
