import { knownSchemeNames, type SchemeName } from "@xsp/hypervisor";
import { fillIn } from "./command-line.ts";
import { boundNames, type Expectation, type PublishedFigure } from "./expectation.ts";
import { parseDuration, parseSize } from "./quantity.ts";
import type { ExpectationFields, PublishedFields, ScenarioFile, Schemes, StepFields } from "./scenario-schema.ts";
import type { Scenario, ScenarioSetup } from "./scenario.ts";
import type { Step } from "./step.ts";

/** The line on which a field stands; undefined when it was set from outside. */
export type LineOf = (path: readonly (string | number)[]) => number | undefined;

/** The numbers that a file names, sizes in bytes. Their shape has been checked. */
export function resolveConstants(file: ScenarioFile): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(file.let).map(([name, value]) => [
      name,
      typeof value === "number" ? value : (parseSize(value) as number),
    ]),
  );
}

/**
 * Makes a scenario of a file: units to numbers, constants into command lines. The shape has been checked, so every unit
 * is known, and so have the steps, so every `{…}` can be filled in.
 */
export function resolveScenario(file: ScenarioFile, lineOf: LineOf): Scenario {
  const setup = resolveSetup(file, lineOf);
  if (file.process === undefined || file.workload === undefined) return setup;
  return {
    ...setup,
    process: { regionBytes: regionOf(file), shared: file.process.shared },
    workload: file.workload,
    deadlineNs: parseDuration(file.deadline ?? "60s") as number,
  };
}

function regionOf({ process }: ScenarioFile): number {
  return process === undefined ? 0 : (parseSize(process.region) as number);
}

function resolveSetup(file: ScenarioFile, lineOf: LineOf): ScenarioSetup {
  const superpageBytes = 4096 * 2 ** file.host.superpageOrder;
  const { style, memory, lowmem, populate, balloonHugepages } = file.guest;
  const constants = resolveConstants(file);
  return {
    name: file.name,
    description: file.description.trim(),
    host: {
      memoryBytes: parseSize(file.host.memory) as number,
      version: file.host.version,
      superpageOrder: file.host.superpageOrder,
    },
    schemes: file.schemes,
    guest: {
      style,
      memoryBytes: parseSize(memory) as number,
      ...(lowmem === undefined ? {} : { lowmemBytes: parseSize(lowmem) as number }),
      populate,
      balloonHugepages,
    },
    pool: { hugepages: file.pool.hugepages ?? Math.ceil(regionOf(file) / superpageBytes), mark: file.pool.mark },
    let: constants,
    steps: file.steps.map((step, at) => resolveStep(step, constants, lineOf(["steps", at]))),
    expect: file.expect.map((expectation, at) => resolveExpectation(expectation, lineOf(["expect", at]))),
    published: file.published.map(resolvePublished),
    profile: file.profile,
  };
}

function resolveStep(
  { run, measure, as, prints = [], refused, ...schemes }: StepFields,
  constants: Readonly<Record<string, number>>,
  line: number | undefined,
): Step {
  const filled = (text: string): string => fillIn(text, constants) as string;
  return {
    commands: (measure ?? [run as string]).map(filled),
    ...(as === undefined ? {} : { as }),
    prints: prints.map(filled),
    ...(refused === undefined ? {} : { refused }),
    ...resolveSchemes(schemes),
    ...(line === undefined ? {} : { line }),
  };
}

function resolveExpectation(fields: ExpectationFields, line: number | undefined): Expectation {
  return {
    what: fields.what,
    bounds: Object.fromEntries(
      boundNames.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]] as const])),
    ),
    ...resolveSchemes(fields),
    ...(line === undefined ? {} : { line }),
  };
}

function resolvePublished({ what, figure, source, ...schemes }: PublishedFields): PublishedFigure {
  return { what, figure, source, ...resolveSchemes(schemes) };
}

/** Both ways to choose schemes as the one list that a run is looked up in. */
function resolveSchemes({ under, except }: Schemes): { under?: readonly SchemeName[] } {
  if (under !== undefined) return { under };
  return except === undefined ? {} : { under: knownSchemeNames().filter((name) => !except.includes(name)) };
}
