import { formatCount, formatDuration, formatSize } from "../quantity.ts";
import type { AnyResult, ScenarioResult, StepsRun } from "../scheme-run.ts";

/** What was run, in a line. */
export function headline(result: AnyResult): readonly string[] {
  const { scenario, settings, profile, machine } = result;
  const warmUps = result.v === 1 ? (result.runs[0]?.warmUps ?? 0) : 0;
  return [
    result.v === 1 ? stormHeadline(result) : `${scenario}: ${settings.description || `${settings.steps.length} steps`}`,
    `modelled time: cost profile ${profile}; wall time here: ${machine.runtime}, ${machine.platform}, ` +
      `${machine.cpu} × ${machine.cpus}${warmUps > 0 ? `, warmed up by ${warmUps} forks that are not counted` : ""}`,
  ];
}

function stormHeadline({ scenario, settings: { process, pool, workload, deadlineNs } }: ScenarioResult): string {
  return (
    `${scenario}: ${formatSize(process.regionBytes)} shared in ${formatCount(pool.hugepages)} hugepages, ` +
    `${formatCount(workload.logins)} ${workload.logins === 1 ? "login" : "logins"} at once, ` +
    `deadline ${formatDuration(deadlineNs)}`
  );
}

function names(runs: readonly StepsRun[]): string {
  const all = runs.map(({ scheme }) => scheme);
  return all.length < 2 ? all.join("") : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
}

/** Who timed out, in words. */
function stormSentences({ runs, profile }: ScenarioResult): string[] {
  const late = runs.filter(({ logins }) => logins.inTime < logins.offered);
  const punctual = runs.filter(({ logins }) => logins.inTime === logins.offered);
  const sentences = late.map(({ scheme, logins }) => {
    const missed = logins.offered - logins.inTime;
    return (
      `${scheme}: ${formatCount(missed)} of ${formatCount(logins.offered)} logins timed out after ` +
      `${formatDuration(logins.deadlineNs)}; the last answer came after ${formatDuration(logins.lastModelledNs)} (${profile}).`
    );
  });
  if (punctual.length > 0) {
    const slowest = Math.max(...punctual.map(({ logins }) => logins.lastModelledNs));
    const offered = punctual[0]?.logins.offered ?? 0;
    sentences.push(
      `${names(punctual)}: ${offered === 1 ? "the one login" : `all ${formatCount(offered)} logins`} in time, the last after ` +
        `${punctual.length > 1 ? "at most " : ""}${formatDuration(slowest)} (${profile}).`,
    );
  }
  return sentences;
}

/** Who timed out, what was missed, and whether the books were in order: sentences in words. */
export function verdict(result: AnyResult): readonly string[] {
  const { expectations } = result;
  const runs: readonly StepsRun[] = result.runs;
  const sentences = result.v === 1 ? stormSentences(result) : [];
  if (expectations.length > 0) {
    const missed = expectations.filter(({ held }) => !held).length;
    sentences.push(
      missed === 0
        ? `${expectations.length === 1 ? "The one expectation" : `All ${formatCount(expectations.length)} expectations`} of the file held.`
        : `${formatCount(missed)} of ${formatCount(expectations.length)} expectations of the file ${missed === 1 ? "was" : "were"} missed.`,
    );
  }
  const wrong = runs.filter(
    ({ audit, destroy }) => audit.differences > 0 || destroy.framesAfter !== destroy.framesBefore,
  );
  sentences.push(
    wrong.length === 0
      ? "Every audit found every count right, and every frame came back when the domain was destroyed."
      : `The books do not balance under ${names(wrong)}: see the rows on audits and lost frames.`,
  );
  return sentences;
}
