import { formatSize } from "@xsp/scenario";
import type { BenchResult } from "../bench-result.ts";
import { code, count, name, plain, size, text, type Text } from "./figure.ts";
import type { ReportPage, ReportSection } from "./page.ts";
import { checkerSection } from "./sections/checker-section.ts";
import { microSection } from "./sections/micro-section.ts";
import { ratioSection } from "./sections/ratio-section.ts";
import { scalingSection } from "./sections/scaling-section.ts";
import { schemeSection } from "./sections/scheme-section.ts";
import { startupSection } from "./sections/startup-section.ts";
import { stormSection } from "./sections/storm-section.ts";
import { targetSection } from "./sections/target-section.ts";
import { threadSection } from "./sections/thread-section.ts";

const sections: readonly ((result: BenchResult) => readonly ReportSection[])[] = [
  schemeSection,
  ratioSection,
  stormSection,
  scalingSection,
  threadSection,
  microSection,
  checkerSection,
  startupSection,
  targetSection,
];

/** A machine with nothing to do has a load of a few hundredths. */
const busyLoad = 0.5;

/** What became of the logins, in a sentence: the question that all of this began with. */
function outcome({ scenario }: BenchResult): readonly Text[] {
  const slow = scenario?.runs.find(({ logins }) => logins.inTime < logins.offered)?.logins;
  const quick = scenario?.runs.filter(({ logins }) => logins.inTime === logins.offered) ?? [];
  if (scenario === undefined || slow === undefined || quick.length === 0) return [];
  return [
    text`Counted frame by frame, ${count(slow.inTime)} of ${count(slow.offered)} logins are answered in time. Counted by the superpage, all of them are.`,
  ];
}

/** The report of a run. */
export function benchPage(result: BenchResult): ReportPage {
  const { machine, scenario, size: sizeName, finished, command, loadBefore } = result;
  const region = scenario === undefined ? "" : `${formatSize(scenario.settings.process.regionBytes)} in `;
  const made = text`Measured ${name(finished.slice(0, 10))} by ${code(command)} on ${name(machine.cpu)} with ${count(machine.cpus)} processors and ${size(machine.memoryBytes)} of memory, ${name(machine.runtime)}, ${name(machine.platform)}. Times are of this machine on that day; counts are the same everywhere. A range goes from the least sample to the greatest.`;
  const small =
    sizeName === "full" ? [] : [text`This is the ${sizeName} size, not the full one: its times say little.`];
  const busy =
    loadBefore < busyLoad
      ? []
      : [
          text`The machine was busy when this began, with a load average of ${plain(loadBefore)}: times are longer than they need be, spreads are wide, and two threads had no two processors to themselves. Counts and modelled times are not affected.`,
        ];
  return {
    title: `What a fork of ${region}hugepages costs under Xen`,
    lead: [...outcome(result), ...small, ...busy, made],
    sections: sections.flatMap((section) => section(result)),
  };
}
