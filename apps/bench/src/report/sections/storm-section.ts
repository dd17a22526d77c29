import type { BenchResult } from "../../bench-result.ts";
import { benchSizes } from "../../bench-size.ts";
import { runCommand } from "../../scenario-run.ts";
import { timelineChart } from "../charts/timeline-chart.ts";
import { count, duration, name, text } from "../figure.ts";
import { paragraph, type ReportSection } from "../page.ts";

/** The login storm: who is answered when, and who times out. */
export function stormSection({ scenario, ratios, size: sizeName }: BenchResult): readonly ReportSection[] {
  if (scenario === undefined) return [];
  const { runs, settings, profile } = scenario;
  const { logins } = settings.workload;
  const lead = text`${count(logins)} clients log in at the same moment. One spawner answers them one after another, each by a fork and an exec; whoever has no answer after ${duration(settings.deadlineNs)} gives up. Times are modelled (${name(profile)}), from the events that each single fork and exec was counted at.`;
  const breakEven =
    ratios?.breakEvenFrameNs === undefined
      ? []
      : [
          paragraph(
            text`Counting a frame is priced at ${duration(ratios.frameNs)}. From the counted events alone: counting frame by frame would answer all of them in time only if it took less than ${duration(ratios.breakEvenFrameNs)} a frame and nothing else took any time.`,
          ),
        ];
  return [
    {
      id: "storm",
      title: "The login storm",
      blocks: [
        paragraph(lead),
        {
          kind: "chart",
          title: "When each login is answered",
          alt:
            "A line for each scheme with a mark at each answer, and the deadline across; the table below has the same " +
            "figures. Answers after the deadline come too late.",
          draw: (width) =>
            timelineChart({
              width,
              limit: { value: settings.deadlineNs, label: "deadline" },
              show: duration,
              lanes: runs.map(({ scheme, logins: { answeredNs, inTime, offered } }) => ({
                label: scheme,
                marks: answeredNs,
                inTime,
                offered,
              })),
            }),
        },
        {
          kind: "table",
          caption: "Answers by scheme",
          header: ["scheme", "in time", "first answer", "last answer"],
          rows: runs.map(({ scheme, logins: { offered, inTime, answeredNs, lastModelledNs } }) => ({
            label: scheme,
            tone: inTime < offered ? "bad" : "good",
            cells: [
              text`${count(inTime)} of ${count(offered)}`,
              [duration(answeredNs[0] ?? 0)],
              [duration(lastModelledNs)],
            ],
          })),
        },
        ...breakEven,
      ],
      commands: [runCommand(benchSizes[sizeName].scenario), "pnpm xsp profile"],
    },
  ];
}
