/** The user asked for something that cannot be done as asked. Exit code 2. */
export class UsageError extends Error {
  /**
   * @param problem what was wrong, the flag or file first.
   * @param expected what would have been right.
   * @param remedy what to do now.
   */
  constructor(problem: string, expected: string, remedy: string) {
    super(`${problem}\n  expected: ${expected}\n  do: ${remedy}`);
    this.name = "UsageError";
  }
}
