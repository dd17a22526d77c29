/** One thing that is wrong with a scenario: where, what, what was expected instead, and what to do about it. */
export interface ScenarioProblem {
  /** The file as the caller named it. Absent when the value came from a flag. */
  readonly file?: string;
  /** 1-based. */
  readonly line?: number;
  /** 1-based. */
  readonly column?: number;
  /** The override that brought the value, as it was written: `--set process.region=64MB`. */
  readonly flag?: string;
  /** The field, such as `process.region`; empty for the file as a whole. */
  readonly path: string;
  readonly problem: string;
  readonly expected: string;
  readonly remedy: string;
}

/** Prints a problem: the place and the finding on the first line, then what was expected and what to do. */
export function describeProblem(problem: ScenarioProblem): string {
  const { file, line, column, flag } = problem;
  const place = flag ?? [file, line, column].filter((part) => part !== undefined).join(":");
  // A run that found the scenario unplayable knows the field, not the file.
  return `${place === "" ? problem.path : place}: ${problem.problem}\n  expected: ${problem.expected}\n  do: ${problem.remedy}`;
}

/** Thrown for a scenario that cannot be run as it stands. The message holds every problem that was found. */
export class ScenarioError extends Error {
  readonly problems: readonly ScenarioProblem[];

  constructor(problems: readonly ScenarioProblem[]) {
    super(problems.map(describeProblem).join("\n"));
    this.name = "ScenarioError";
    this.problems = problems;
  }
}

/** The refusal of a scenario that turned out to be unplayable while it ran. */
export function unplayable(path: string, problem: string, expected: string, remedy: string): ScenarioError {
  return new ScenarioError([{ path, problem, expected, remedy }]);
}

/** Names the file in problems that know their line only: a scenario that is being run no longer knows its file. */
export function inFile(error: unknown, file: string): unknown {
  if (!(error instanceof ScenarioError)) return error;
  return new ScenarioError(
    error.problems.map((problem) => (problem.line === undefined ? problem : { file, ...problem })),
  );
}
