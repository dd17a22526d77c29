import type { Machine } from "@xsp/scenario";
import type { SequentialResult, StressPlan } from "@xsp/verify";
import type { StressJson } from "./json-output.ts";
import type { StressOptions, StressOutcome } from "./stress-threads.ts";

/** Everything there is to tell about a stress run. */
export interface StressReport {
  readonly plan: StressPlan;
  readonly options: StressOptions;
  readonly sequential: SequentialResult;
  readonly outcome: StressOutcome;
  readonly machine: Machine;
}

function figure(value: number): string {
  return value.toLocaleString("en-US");
}

/** What is run, before it is run. */
export function stressHeading(plan: StressPlan, sequential: SequentialResult, machine: Machine): string {
  const { model, scheme, tokenScheme, tokenBreaks, order, before, operations } = plan;
  const { runtime, cpu, cpus } = machine;
  const lines = [
    `${model}, ${scheme}: superpage of ${2 ** order} frames, ${operations.length} threads; ${runtime}, ${cpu}, ${cpus} processors`,
    `  the token breaks ${tokenBreaks.join(" and ") || "nothing"} under ${tokenScheme}`,
    ...(before.length > 0 ? [`  before: ${before.join(", ")}`] : []),
    ...operations.map((names, vcpu) => `  vCPU ${vcpu}: ${names.join(", ") || "nothing"}`),
    ...sequentialLines(sequential),
  ];
  if (cpus < operations.length) lines.push("  fewer processors than threads: few windows, if any, will be hit");
  return `${lines.join("\n")}\n`;
}

function sequentialLines({ orders, breaks }: SequentialResult): string[] {
  if (breaks.length === 0) {
    return [`  one after the other, by one thread, in all ${orders} orders: nothing breaks`];
  }
  return breaks.map(({ property, message, steps }) => {
    const done = steps.map(({ vcpu, operation, result }) => `vCPU ${vcpu} ${operation} → ${result}`);
    return `  breaks also without a race: ${property} after ${done.join(", ")}: ${message}`;
  });
}

/** What came of it. */
export function stressVerdict({ plan, sequential, outcome, options }: StressReport): string {
  const { verdict, rounds, broken, seconds, first } = outcome;
  // Within the first second most of the time is that of starting the threads.
  const rate = seconds < 1 ? "" : ` (${figure(Math.round(rounds / seconds))} rounds/s)`;
  const lines = [
    `${told(outcome)}: ${figure(rounds)} ${rounds === 1 ? "round" : "rounds"} in ${seconds.toFixed(1)} s${rate}, delays seeded with ${options.seed}`,
  ];
  if (first !== undefined) {
    const { violated, results, round } = first;
    if (options.keepGoing && verdict !== "hang") {
      const share = ((100 * broken) / Math.max(rounds, 1)).toPrecision(2);
      lines.push(`  ${figure(broken)} rounds broke a property, ${share} %; the first was round ${figure(round)}`);
    }
    for (const { property, message } of violated) lines.push(`  ${property}: ${message}`);
    for (const [vcpu, names] of plan.operations.entries()) {
      const answers = names.map((name, index) => `${name} → ${results[vcpu]?.[index] ?? "not finished"}`);
      lines.push(`  vCPU ${vcpu}: ${answers.join(", ") || "nothing"}`);
    }
    const racy = violated.filter(({ property }) => !sequential.breaks.some((each) => each.property === property));
    if (racy.length === 0) lines.push("  the same breaks without a race, so this shows none");
    lines.push("  the same command need not break in the same round again: threads do not repeat themselves");
  } else {
    const inFull = `xsp check ${plan.model} --scheme ${plan.scheme}`;
    lines.push(`  that is no proof: ${inFull} looks at every interleaving, within its bounds`);
  }
  return `${lines.join("\n")}\n`;
}

function told({ verdict, first }: StressOutcome): string {
  switch (verdict) {
    case "broken":
      return `broke in round ${figure(first?.round ?? 0)}`;
    case "hang":
      return `hangs in round ${figure(first?.round ?? 0)}`;
    case "clean":
      return "ran clean";
    case "interrupted":
      return "interrupted";
  }
}

/** The same for programs. */
export function stressJson({ plan, options, sequential, outcome, machine }: StressReport): StressJson {
  const { model, scheme, tokenScheme, tokenBreaks, order, before, operations, token } = plan;
  const { verdict, rounds, broken, seconds, first } = outcome;
  const { seed } = options;
  const what = { v: 1, model, scheme, token, tokenScheme, tokenBreaks, order, before, operations, seed } as const;
  return { ...what, sequential, verdict, rounds, broken, seconds, first: first ?? null, machine };
}
