/** What the shell gets to see. */
export const exitCode = {
  ok: 0,
  /** A bug of ours, a scheme from a file that throws, or books that do not balance. */
  internal: 1,
  /** Wrong arguments, a wrong scenario, a file that cannot be read or written. */
  usage: 2,
  /** A check that ended before it had seen everything. */
  incomplete: 3,
  /** `xsp run`: an expectation of the scenario was missed. `xsp check --expect`: it holds, and something else was expected. */
  unexpected: 4,
  /** `xsp shell`: the guest's kernel refused a call of the script, or raised a signal. */
  refused: 4,
  /** A check found a counterexample. */
  violated: 12,
  /** Ctrl-C, as shells count it: 128 and the number of SIGINT. */
  interrupted: 130,
} as const;
