/** A trace that cannot be read or replayed as it is, with the place and what was expected there. */
export class TraceProblem extends Error {
  readonly file: string;
  /** Line in the file, from 1; 0 for the file as a whole. */
  readonly line: number;

  constructor(file: string, line: number, expected: string) {
    super(line === 0 ? `${file}: ${expected}` : `${file}:${line}: ${expected}`);
    this.name = "TraceProblem";
    this.file = file;
    this.line = line;
  }
}
