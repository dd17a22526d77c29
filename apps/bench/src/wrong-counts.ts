import { isShippedScheme } from "@xsp/hypervisor";
import type { SchemeRun } from "@xsp/scenario";
import { anchorBreaks } from "./anchor-guard.ts";
import type { BenchResult } from "./bench-result.ts";

const framesPerHugepage = 512;

/** One count: what it is of, what was found, what must be. */
type Count = readonly [what: string, found: number, expected: number];

function runCounts(run: SchemeRun): readonly Count[] {
  const { scheme, fork, exec, pool, map, audit, destroy, logins } = run;
  const isFramewise = scheme === "per-frame";
  const frames = isFramewise ? map.hugepages * framesPerHugepage : 0;
  const whole = isFramewise ? 0 : map.hugepages;
  // What a scheme of somebody else's counts is its own affair; that its books balance is not.
  const counted: readonly Count[] = [
    ["marked hugepages", pool.marked, isFramewise ? 0 : pool.hugepages],
    ["frameGets of the fork", fork.events.frameGets, frames],
    ["typeGets of the fork", fork.events.typeGets, frames],
    ["superpageGets of the fork", fork.events.superpageGets, whole],
    ["framePuts of the exec", exec.events.framePuts, frames],
    ["typePuts of the exec", exec.events.typePuts, frames],
    ["superpagePuts of the exec", exec.events.superpagePuts, whole],
  ];
  const balanced: readonly Count[] = [
    ["answers", logins.answeredNs.length, logins.offered],
    ["audit differences", audit.differences, 0],
    ["frames lost", destroy.framesBefore - destroy.framesAfter, 0],
  ];
  return [...(isShippedScheme(scheme) ? counted : []), ...balanced].map(
    ([what, found, expected]) => [`${scheme}: ${what}`, found, expected] as Count,
  );
}

function counts({ scenario, scaling, threads, checker }: BenchResult): readonly Count[] {
  return [
    ...(scenario?.runs.flatMap(runCounts) ?? []),
    ...(scaling?.points ?? []).flatMap(({ scheme, hostBytes, hugepages, countingOperations, auditDifferences }) => {
      const host = `${scheme}, host of ${hostBytes} bytes`;
      const perHugepage = scheme === "per-frame" ? 2 * framesPerHugepage : 1;
      return [
        [`${host}: counting operations of the fork`, countingOperations, hugepages * perHugepage] as Count,
        [`${host}: audit differences`, auditDifferences, 0] as Count,
      ];
    }),
    ...(threads?.points ?? []).map(({ scheme, overlap, differences }): Count => {
      return [`${scheme}, ${overlap} superpages: differences between one thread and several`, differences, 0];
    }),
    ...(checker === undefined ? [] : [[`${checker.model} holds`, checker.verdict === "holds" ? 1 : 0, 1] as Count]),
  ];
}

/**
 * Checks what was counted, at whatever size, and that no task takes many times what the same machine took for bare
 * increments in the same moment. No time decides about anything.
 *
 * @returns a line for each thing that is not as expected.
 */
export function wrongCounts(result: BenchResult): readonly string[] {
  const wrong = counts(result).filter(([, found, expected]) => found !== expected);
  return [
    ...wrong.map(([what, found, expected]) => `${what}: ${found}, expected ${expected}`),
    ...anchorBreaks(result.micro ?? {}),
  ];
}
