import { inconsistencies, workloadInconsistencies, type Inconsistency } from "./consistency.ts";
import { nearestName } from "./nearest-name.ts";
import { putAt, type ScenarioOverride } from "./override.ts";
import { parseSize, respellSize } from "./quantity.ts";
import { fieldNamesBelow, scenarioField } from "./scenario-fields.ts";
import { ScenarioError, type ScenarioProblem } from "./scenario-problem.ts";
import { resolveScenario } from "./scenario-resolution.ts";
import { checkShape, spellOut, type ShapeIssue } from "./scenario-schema.ts";
import { isLoginStorm, type LoginStorm, type Scenario } from "./scenario.ts";
import { SourceText } from "./source-text.ts";
import { stepInconsistencies } from "./step-consistency.ts";

// From text to a checked scenario, each stage stopping the next: syntax, overrides, shape, steps, consistency.
// Within a step every problem is reported, so that a file is not mended one message at a time.

type Path = readonly (string | number)[];

/** How to read a scenario file. */
export interface ReadOptions {
  /** The file's name as the user wrote it, for messages. */
  readonly file: string;
  /** Values that replace the file's, checked as if they stood in it. */
  readonly overrides?: readonly ScenarioOverride[];
}

/**
 * Reads a scenario from YAML or JSON text.
 *
 * @throws ScenarioError with every problem found, each with its file and line or with the flag that brought the value.
 */
export function readScenario(text: string, options: ReadOptions): Scenario {
  const { file, overrides = [] } = options;
  const source = new SourceText(text);
  refuse(
    source.problems.map(({ line, column, message }) => ({
      file,
      line,
      column,
      path: "",
      problem: `cannot be read: ${message}`,
      expected: "a YAML or JSON file",
      remedy: `mend line ${line}`,
    })),
  );

  const value = source.value();
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ScenarioError([
      {
        file,
        line: 1,
        column: 1,
        path: "",
        problem: "holds no fields",
        expected: `the fields ${fieldNamesBelow("").join(", ")}`,
        remedy: "start from a shipped scenario: xsp scenario show fork-64g",
      },
    ]);
  }
  const root = value as Record<string, unknown>;
  refuse(overrides.flatMap((override) => applyOverride(root, override)));

  const locate = (path: Path, isName = false): Partial<ScenarioProblem> => {
    // An unknown group may exist only because an override put a field into it.
    const flag =
      flagFor(path.join("."), overrides) ??
      (isName ? overrides.find(({ path: set }) => set.startsWith(`${path.join(".")}.`))?.flag : undefined);
    if (flag !== undefined) return { flag, path: path.join(".") };
    return { file, ...(isName ? source.placeOfName(path) : source.placeOf(path)), path: path.join(".") };
  };

  spellOut(root);
  const checked = checkShape(root);
  if ("issues" in checked) {
    throw new ScenarioError(allShapeProblems(checked.issues, root, locate));
  }
  const place = ({ paths, ...told }: Inconsistency): ScenarioProblem => {
    // Two fields disagree: the one that was set last is the one its author has in mind.
    const blamed = paths.find((path) => flagFor(path, overrides) !== undefined) ?? paths[0];
    return { ...told, path: blamed, ...locate(blamed.split(".")) };
  };
  refuse([...workloadInconsistencies(checked.file), ...stepInconsistencies(checked.file)].map(place));
  const scenario = resolveScenario(checked.file, (path) => locate(path).line);
  refuse(inconsistencies(scenario).map(place));
  return scenario;
}

/**
 * Reads a scenario that is a login storm.
 *
 * @throws ScenarioError as {@link readScenario} does, and when it has no workload.
 */
export function readLoginStorm(text: string, options: ReadOptions): LoginStorm {
  const scenario = readScenario(text, options);
  if (isLoginStorm(scenario)) return scenario;
  throw new ScenarioError([
    {
      file: options.file,
      path: "workload",
      problem: "workload is missing",
      expected: "a login storm",
      remedy: "read a scenario that has one, such as fork-64g",
    },
  ]);
}

function refuse(problems: readonly ScenarioProblem[]): void {
  if (problems.length > 0) throw new ScenarioError(problems);
}

/** The last override that gave this field, a group around it, or something below it its value. */
function flagFor(path: string, overrides: readonly ScenarioOverride[]): string | undefined {
  const matching = overrides.filter((override) => path === override.path || path.startsWith(`${override.path}.`));
  return matching.at(-1)?.flag;
}

function applyOverride(root: Record<string, unknown>, override: ScenarioOverride): ScenarioProblem[] {
  const { path, value, flag } = override;
  const parsed = new SourceText(value);
  const [problem] = parsed.problems;
  if (problem !== undefined) {
    return [
      {
        flag,
        path,
        problem: `the value of ${path} cannot be read: ${problem.message}`,
        expected: "a value as it would stand in the file",
        remedy: `quote it for the shell, such as ${quoted(path, scenarioField(path)?.example ?? "value")}`,
      },
    ];
  }
  const single = putAt(root, path, parsed.value());
  if (single === undefined) return [];
  return [
    {
      flag,
      path,
      problem: `${single} is a single value and has no fields of its own`,
      expected: "the path of a field",
      remedy: `set ${single} itself: --set ${single}=${scenarioField(single)?.example ?? "value"}`,
    },
  ];
}

function quoted(path: string, value: string): string {
  return `--set '${path}=${value}'`;
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === "object" && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined),
    root,
  );
}

type Locate = (path: Path, isName?: boolean) => Partial<ScenarioProblem>;

function allShapeProblems(issues: readonly ShapeIssue[], root: unknown, locate: Locate): ScenarioProblem[] {
  const misnamed = issues.filter(({ unknown }) => unknown !== undefined);
  const meant = new Set(
    misnamed.flatMap(({ path, unknown = [] }) =>
      unknown.map((name) => [...path, nearestName(name, fieldNamesBelow(path.join(".")))].join(".")),
    ),
  );
  // A misspelt field is missing under its right name as well, which need not be said twice.
  const others = issues.filter(
    ({ path, unknown }) => unknown === undefined && !(meant.has(path.join(".")) && valueAt(root, path) === undefined),
  );
  return [...misnamed, ...others].flatMap((issue) => shapeProblems(issue, root, locate));
}

function shapeProblems(issue: ShapeIssue, root: unknown, locate: Locate): ScenarioProblem[] {
  const group = issue.path.join(".");
  if (issue.unknown !== undefined) {
    const known = fieldNamesBelow(group);
    return issue.unknown.map((name) => {
      const meant = nearestName(name, known);
      const full = [...issue.path, name];
      return {
        path: full.join("."),
        ...locate(full, true),
        problem: `there is no field ${full.join(".")}`,
        expected: `${group === "" ? "one of the fields" : `one of the fields of ${group}:`} ${known.join(", ")}`,
        remedy: meant === undefined ? `remove ${name}` : `did you mean ${meant}?`,
      };
    });
  }

  const value = valueAt(root, issue.path);
  const field = scenarioField(group);
  const place = { path: group, ...locate(issue.path) };
  const expected = field?.expected ?? "another value";
  const example = field?.example ?? "";
  if (value === undefined) {
    return [{ ...place, problem: `${group} is missing`, expected, remedy: `add ${group}, such as ${example}` }];
  }
  const shown = JSON.stringify(value) ?? typeof value;
  return [
    {
      ...place,
      problem: `${group} is ${shown.length > 60 ? `${shown.slice(0, 57)}...` : shown}`,
      expected,
      remedy: remedyFor(value, example, issue.names ?? []),
    },
  ];
}

/** What to write instead: the value's likely meaning when there is one, else something that is accepted. */
function remedyFor(value: unknown, example: string, names: readonly string[]): string {
  if (typeof value === "string") {
    const meant = nearestName(value, names);
    if (meant !== undefined) return `did you mean ${meant}?`;
    const respelled = parseSize(example) === undefined ? undefined : respellSize(value);
    if (respelled !== undefined && parseSize(respelled) !== undefined) return `did you mean ${respelled}?`;
  }
  if (typeof value === "number" && /^\d+[A-Za-z]+$/.test(example)) {
    return `add the unit, such as ${value}${example.replace(/^\d+/, "")}`;
  }
  return `write a value such as ${example}`;
}
