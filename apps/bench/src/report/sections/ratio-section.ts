import type { CostConstant } from "@xsp/scenario";
import type { BenchResult } from "../../bench-result.ts";
import type { ProfileRatio } from "../../profile-ratio.ts";
import { lineChart, type ChartLine } from "../charts/line-chart.ts";
import { duration, name, plain, text, times } from "../figure.ts";
import { paragraph, type ReportParagraph, type ReportSection, type ReportTable } from "../page.ts";

function worksTable(profiles: readonly ProfileRatio[]): ReportTable {
  const [first] = profiles;
  return {
    kind: "table",
    caption: "R where an entry is written in one of the ways that a kernel has",
    header: ["common work", ...profiles.flatMap(({ profile }) => [`F, ${profile}`, `R, ${profile}`]), "F is made of"],
    rows: (first?.works ?? []).map(({ name: label, formula }, at) => ({
      label,
      cells: [
        ...profiles.flatMap(({ works }) => {
          const work = works[at];
          return work === undefined ? [] : [work.ns === 0 ? ["none"] : [duration(work.ns)], [times(work.ratio)]];
        }),
        [name(formula === "0" ? "nothing" : formula)],
      ],
    })),
  };
}

function constantTable({ profile }: ProfileRatio, kind: string, constants: readonly CostConstant[]): ReportTable {
  return {
    kind: "table",
    caption: `${profile}: ${kind} constants`,
    header: ["constant", "price", "source", "note"],
    folded: true,
    wordy: true,
    rows: constants.map(({ name: label, ns, source, note }) => ({
      label,
      cells: [[duration(ns)], [name(source)], [name(note)]],
    })),
  };
}

function atNamed({
  profile,
  named,
  workAtNamedNs,
  workAtNamedFrames,
  frameNs,
  superpageNs,
}: ProfileRatio): ReportParagraph {
  return paragraph(
    text`Under ${name(profile)} counting a frame costs ${duration(frameNs)} and a superpage ${duration(superpageNs)}: R is ${plain(named)} where both designs do ${duration(workAtNamedNs)} of common work per hugepage, which is ${plain(workAtNamedFrames)} frames’ worth of counting.`,
  );
}

function lineOf({ profile, curve, works }: ProfileRatio, tone: ChartLine["tone"]): ChartLine {
  return {
    label: profile,
    tone,
    points: curve.map(({ ns, ratio }) => [ns, ratio] as const),
    // Where there is no common work, there is no place on a logarithmic axis.
    marked: works.filter(({ ns }) => ns > 0).map(({ ns, ratio }) => [ns, ratio] as const),
  };
}

/** R as a function of F, and the prices behind it. */
export function ratioSection({ profiles }: BenchResult): readonly ReportSection[] {
  const [first] = profiles;
  if (first === undefined) return [];
  const lead = text`Let F be the work per hugepage that both designs do, X the cost of counting one frame and S that of one superpage. Then R = (F + ${name("512")}·X) / (F + S): how many times dearer counting frame by frame is depends on what else has to be done.`;
  return [
    {
      id: "ratio",
      title: "Fifty times? R over the common work",
      blocks: [
        paragraph(lead),
        {
          kind: "chart",
          title: "R over F, both logarithmic; the marks are the ways to write an entry in the table below",
          alt:
            "Two falling curves, one for each cost profile, nearly flat at little common work and towards 1 at much, " +
            "and a line across at the ratio that was named; the table below has the marked points.",
          draw: (width) =>
            lineChart({
              width,
              height: 300,
              x: { label: "F per hugepage", show: duration },
              y: { label: "R", show: times },
              lines: profiles.map((profile, at) => lineOf(profile, at === 0 ? "a" : "c")),
              across: { value: first.named, show: times },
            }),
        },
        worksTable(profiles),
        ...profiles.map(atNamed),
        paragraph(
          text`Of a profile’s constants some are sourced: published or measured. The others are assumed, or computed from one that is.`,
        ),
        ...profiles.flatMap((profile) => [
          constantTable(profile, "sourced", profile.sourced),
          constantTable(profile, "assumed", profile.assumed),
        ]),
      ],
      commands: ["pnpm xsp profile", "pnpm bench"],
    },
  ];
}
