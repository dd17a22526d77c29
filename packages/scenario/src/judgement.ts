import type { SchemeName } from "@xsp/hypervisor";
import { boundNames, type BoundName, type Expectation } from "./expectation.ts";
import { evaluateFormula, measuresIn, parseFormula, type Formula, type MeasureName, type Quantity } from "./formula.ts";
import { measuresOf, quantityOf, type Measure } from "./measure.ts";
import { formatCount, formatDuration, shorten } from "./quantity.ts";
import type { Scenario } from "./scenario.ts";
import type { StepsRun } from "./scheme-run.ts";
import { judgeSteps } from "./step-judgement.ts";

/** One expectation under one scheme: whether it held. */
export interface Judgement {
  /** The measure, or the command line of the step. */
  readonly what: string;
  readonly scheme: SchemeName;
  readonly held: boolean;
  readonly expected: string;
  readonly got: string;
  /** Where the expectation stands in the file. */
  readonly line?: number;
}

/** One published figure beside what the model says under one scheme. */
export interface PublishedComparison {
  readonly what: string;
  readonly scheme: SchemeName;
  readonly model: string;
  readonly published: string;
  /** Model over published. */
  readonly ratio: number;
  readonly source: string;
}

/** Formulas of expectations evaluated over the runs of a scenario. */
class RunFormulas {
  private readonly measures: ReadonlyMap<string, Measure>;
  private readonly runs: readonly StepsRun[];

  constructor(scenario: Scenario, runs: readonly StepsRun[]) {
    this.measures = new Map(measuresOf(scenario).map((measure) => [measure.name, measure]));
    this.runs = runs;
  }

  /** The runs that an expectation speaks of: under its schemes, and with the runs at hand that it compares with. */
  runsFor(under: readonly SchemeName[] | undefined, texts: readonly string[]): readonly StepsRun[] {
    const wanted = texts.flatMap((text) => measuresIn(readFormula(text))).flatMap(({ scheme }) => scheme ?? []);
    if (!wanted.every((scheme) => this.runOf(scheme) !== undefined)) return [];
    return this.runs.filter(({ scheme }) => under?.includes(scheme) ?? true);
  }

  evaluate(text: string, run: StepsRun): Quantity | undefined {
    return evaluateFormula(readFormula(text), ({ name, scheme }: MeasureName) => {
      const from = scheme === undefined ? run : this.runOf(scheme);
      return from === undefined ? undefined : quantityOf(this.measures.get(name), from);
    });
  }

  private runOf(scheme: string): StepsRun | undefined {
    return this.runs.find((run) => run.scheme === scheme);
  }
}

/** Formulas have been checked when the file was read. */
function readFormula(text: string): Formula {
  const formula = parseFormula(text);
  if ("kind" in formula) return formula;
  throw new RangeError(`${text}: ${formula.problem}`);
}

/** Says of everything that a scenario expects whether its runs did it. Schemes that were not run are left out. */
export function judge(scenario: Scenario, runs: readonly StepsRun[]): readonly Judgement[] {
  const formulas = new RunFormulas(scenario, runs);
  return [
    ...runs.flatMap((run) => judgeSteps(scenario.steps, run)),
    ...scenario.expect.flatMap((expectation) => judgeExpectation(expectation, formulas)),
  ];
}

const boundWords: Readonly<Record<BoundName, string>> = { is: "", atLeast: "≥ ", atMost: "≤ " };

function judgeExpectation({ what, bounds, under, line }: Expectation, formulas: RunFormulas): Judgement[] {
  const given = boundNames.flatMap((name) => (bounds[name] === undefined ? [] : [{ name, text: bounds[name] }]));
  return formulas.runsFor(under, [what, ...given.map(({ text }) => text)]).map((run) => {
    const got = formulas.evaluate(what, run);
    const sides = given.map(({ name, text }) => ({ name, limit: formulas.evaluate(text, run) }));
    return {
      what,
      scheme: run.scheme,
      held: sides.every(({ name, limit }) => got !== undefined && limit !== undefined && meets(got, name, limit)),
      expected: sides.map(({ name, limit }) => `${boundWords[name]}${formatQuantity(limit)}`).join(" and "),
      got: formatQuantity(got),
      ...(line === undefined ? {} : { line }),
    };
  });
}

function meets({ value }: Quantity, bound: BoundName, { value: limit }: Quantity): boolean {
  if (bound === "is") return value === limit;
  return bound === "atLeast" ? value >= limit : value <= limit;
}

/** Puts published figures beside the runs of a scenario. */
export function comparePublished(scenario: Scenario, runs: readonly StepsRun[]): readonly PublishedComparison[] {
  const formulas = new RunFormulas(scenario, runs);
  return scenario.published.flatMap(({ what, figure, source, under }) =>
    formulas.runsFor(under, [what, figure]).flatMap((run) => {
      const model = formulas.evaluate(what, run);
      const published = formulas.evaluate(figure, run);
      // A run that ended before this measure has nothing to compare; its missed step says so.
      if (model === undefined || published === undefined) return [];
      const shown = { model: formatQuantity(model), published: formatQuantity(published) };
      return [{ what, scheme: run.scheme, ...shown, ratio: model.value / published.value, source }];
    }),
  );
}

/** Prints a quantity the way reports do: counts in full, times and fractions with three figures. */
export function formatQuantity(quantity: Quantity | undefined): string {
  if (quantity === undefined) return "not reached";
  const { value, time } = quantity;
  const sign = value < 0 ? "-" : "";
  const size = Math.abs(value);
  if (time === 1) return sign + formatDuration(size);
  return sign + (Number.isInteger(value) ? formatCount(size) : shorten(size));
}
