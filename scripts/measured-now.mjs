import { root } from "./publishable-packages.mjs";
import { run } from "./run-command.mjs";

/** The day and the commit that a figure is kept with; sources or tests that are not committed are named as well. */
export function measuredNow() {
  const changed = run("git", ["status", "--porcelain", "packages"], root) === "" ? "" : " and changes";
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: `${run("git", ["rev-parse", "--short", "HEAD"], root).trim()}${changed}`,
  };
}
