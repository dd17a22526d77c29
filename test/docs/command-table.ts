/*
 * What is done with each command that a page shows. All are read by the command line's own parser; those of `runs` are run
 * too. A command of xsp that is in neither list fails the test: say here which it is.
 */

/** Commands that are run as they stand, with the exit code that they end with. */
export const runs: Readonly<Record<string, number>> = {
  "xsp --help": 0,
  "xsp check --help": 0,
  "xsp lab --folder": 0,
  "xsp scenario list": 0,
  "xsp scenario list --json": 0,
  "xsp scenario show fork-64g": 0,
  "xsp scenario show pool-shrink": 0,
  "xsp scenario fields": 0,
  "xsp scenario measures fork-64g": 0,
  "xsp profile": 0,
  "xsp profile xeon-x5570-2009": 0,
  "xsp check --list": 0,
  "xsp check --list --format json": 0,
  "xsp check mark-mark --scheme sealed --vcpus 3 --steps 1": 0,
  "xsp check mark-mark --scheme xen-4.1 --order 0": 0,
  "xsp check mark-mark --scheme per-frame": 0,
  "xsp check map-map-unmap --scheme xen-4.1 --property S1 --expect S1": 0,
  "xsp check map-unmark-pin --scheme rfc": 12,
  "xsp fuzz --unfixed XSA-167 --scheme sealed --ops 20000": 0,
  "xsp fuzz --scheme sealed --ops 20000": 0,
};

/** Commands that are read and not run, and why. */
export const notRun: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/\b[A-Z]{4,}\b(?!-)|…|\bX\b/, "a word in capitals, or …, stands for what the reader puts there"],
  [/^xsp (run|shell) mine\.yaml/, "the reader's own file; the scenarios on the pages are run by code-blocks.test.ts"],
  [
    /^xsp (run|shell) [\w-]+/,
    "scenarios at full size take minutes; packages/scenario/test/gallery.test.ts runs each smaller",
  ],
  [/^xsp explain race\.json/, "a file that the command before it writes"],
  [/--checkpoint|--resume/, "packages/cli/test/check-interrupted.test.ts saves a check and goes on from it"],
  [/^xsp check --all/, "all models take minutes; packages/verify/test/models/model-check.test.ts holds what it prints"],
  [
    /^xsp check (three-|map-unmark-pin|map-map-unmap)/,
    "takes long with its shortest search; model-check.test.ts checks the model",
  ],
  [/^xsp new scheme/, "writes a folder; packages/cli/test/new-scheme.test.ts does, and goes on from it step by step"],
  [/^xsp fuzz/, "takes seconds to minutes; packages/verify/test/advisories and test/adversary run the searches"],
  [/^xsp stress/, "a minute on real threads; packages/cli/test/stress.test.ts runs it for short"],
  [/^xsp replay/, "needs traces from outside; packages/verify/test/replay replays them"],
  [/^xsp explain xsp1\./, "packages/verify/test/models/findings.test.ts replays every token of docs/findings.md"],
  [/^xsp lab( --port \d+)?$/, "does not end by itself; packages/cli/test/lab.test.ts starts it"],
];
