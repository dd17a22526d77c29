import type { Measurements } from "./bench-result.ts";
import { samplesOf } from "./samples.ts";

/** What a figure is measured in. */
export type TargetUnit = "x" | "ns" | "bytes" | "count" | "perSecond" | "plain";

/** A figure that is to be reached, beside the one that was. */
export interface Target {
  readonly what: string;
  /** Whether the figure is to stay below the limit or to reach it. */
  readonly sense: "at most" | "at least";
  readonly limit: number;
  readonly found: number;
  readonly unit: TargetUnit;
  readonly met: boolean;
  /** By how much: found over limit, or limit over found; above 1 it is missed. */
  readonly miss: number;
}

type Row = readonly [what: string, sense: Target["sense"], limit: number, unit: TargetUnit, found: number | undefined];

const MiB = 2 ** 20;
const GiB = 2 ** 30;
const marked = ["xen-4.1", "sealed"] as const;

/** Median of a micro-benchmark: time per operation, or that over the anchor's. */
function micro(found: Measurements, scheme: string, task: string, of: "ns" | "overBare"): number | undefined {
  return found.micro?.[scheme]?.find((result) => result.task === task)?.[of].median;
}

function forkRows({ scenario }: Measurements): Row[] {
  const runOf = (scheme: string): NonNullable<typeof scenario>["runs"][number] | undefined =>
    scenario?.runs.find((run) => run.scheme === scheme);
  const perFrame = runOf("per-frame")?.logins.forkWall.medianNs;
  return marked.flatMap((scheme): Row[] => {
    const run = runOf(scheme);
    if (run === undefined) return [];
    const { medianNs } = run.logins.forkWall;
    return [
      [`fork under ${scheme}, all in, per hugepage`, "at most", 50, "ns", medianNs / run.map.hugepages],
      [
        `fork under per-frame over fork under ${scheme}`,
        "at least",
        50,
        "x",
        perFrame === undefined ? undefined : perFrame / medianNs,
      ],
    ];
  });
}

function scalingRows({ scaling }: Measurements): Row[] {
  if (scaling === undefined) return [];
  // Whether something is linear is a question of how far its exponent is from 1.
  const exponents = scaling.fits
    .filter(({ what }) => what !== "peak memory")
    .map(({ scheme, what, exponent }): Row => [
      `${what} under ${scheme}, exponent over size`,
      "at most",
      1.1,
      "plain",
      exponent,
    ]);
  const host = scaling.points.find(({ hostBytes }) => hostBytes === 1024 * GiB);
  return [...exponents, ["peak memory of a 1 TiB host", "at most", 16 * GiB, "bytes", host?.peakRssBytes.median]];
}

/** Every target of the full size, as far as its part was run. */
export function targetsOf(found: Measurements): readonly Target[] {
  const runs = found.scenario?.runs ?? [];
  const rows: Row[] = [
    [
      "per-frame map + unmap by mmu_update, over bare increments",
      "at most",
      4,
      "x",
      micro(found, "per-frame", "mmu_update by 32, map + unmap", "overBare"),
    ],
    ...marked.map((scheme): Row => [
      `map + unmap of a marked superpage, scheme functions of ${scheme}`,
      "at most",
      15,
      "ns",
      micro(found, scheme, "scheme function, map + unmap", "ns"),
    ]),
    ...forkRows(found),
    ["accounting state per frame", "at most", 12, "bytes", largest(runs.map(({ bytesPerFrame }) => bytesPerFrame))],
    [
      "peak memory of a 64 GiB guest with its direct map",
      "at most",
      700 * MiB,
      "bytes",
      largest(runs.map(({ peakRssBytes }) => peakRssBytes)),
    ],
    [
      "boot of a 64 GiB guest with its direct map, median of the schemes",
      "at most",
      1.5e9,
      "ns",
      runs.length === 0 ? undefined : samplesOf(runs.map(({ boot }) => boot.wallNs)).median,
    ],
    ...scalingRows(found),
    ...(found.threads?.points ?? [])
      .filter(({ threads, overlap }) => threads === 2 && (overlap === "disjoint" || overlap === "same"))
      .map(({ scheme, overlap, speedUp }): Row => [
        `two threads over one, ${overlap} superpages, ${scheme}`,
        "at least",
        1.8,
        "x",
        speedUp.median,
      ]),
    [
      "checker, transitions a second through the shipped code",
      "at least",
      2.5e6,
      "perSecond",
      found.checker?.transitionsPerSecond.median,
    ],
    ["checker, bytes a state", "at most", 64, "bytes", found.checker?.bytesPerState],
    ["xsp --help, start to end", "at most", 150e6, "ns", found.startup?.xspNs.median],
  ];
  return rows.flatMap(([what, sense, limit, unit, value]) => {
    if (value === undefined) return [];
    const miss = sense === "at most" ? value / limit : limit / value;
    return [{ what, sense, limit, found: value, unit, met: miss <= 1, miss }];
  });
}

function largest(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values);
}
