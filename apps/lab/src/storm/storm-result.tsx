import { type SchemeRun, formatCount, formatDuration } from "@xsp/scenario";
import type { VNode } from "preact";
import type { StormSettings } from "./storm-settings.ts";
import { Timeline } from "./timeline.tsx";

interface StormResultProps {
  readonly settings: StormSettings;
  readonly runs: readonly SchemeRun[];
}

interface ResultRow {
  readonly name: string;
  readonly value: (run: SchemeRun) => string;
}

const rows: readonly ResultRow[] = [
  {
    name: "answered in time",
    value: ({ logins }) => `${formatCount(logins.inTime)} of ${formatCount(logins.offered)}`,
  },
  { name: "last one answered, modelled", value: ({ logins }) => formatDuration(logins.lastModelledNs) },
  { name: "first fork, modelled", value: ({ fork }) => formatDuration(fork.modelledNs) },
  {
    name: "first fork: references taken on frames",
    value: ({ fork: { events } }) => formatCount(events.frameGets + events.typeGets),
  },
  { name: "first fork: superpages counted up", value: ({ fork: { events } }) => formatCount(events.superpageGets) },
  { name: "median fork, wall time in this page", value: ({ logins }) => formatDuration(logins.forkWall.medianNs) },
  { name: "differences that the audit found", value: ({ audit }) => formatCount(audit.differences) },
];

/** What came of a storm: the timeline, and the figures behind it. */
export function StormResult({ settings, runs }: StormResultProps): VNode {
  return (
    <>
      <Timeline runs={runs} />
      <div class="scroll" tabIndex={0} role="region" aria-label="Figures of the storm">
        <table class="ledger">
          <caption>
            A region of {settings.gib} GiB, {settings.logins} logins, {settings.deadline} to answer; modelled with{" "}
            {settings.profile}
          </caption>
          <thead>
            <tr>
              <th scope="col">figure</th>
              {runs.map(({ scheme }) => (
                <th scope="col" key={scheme}>
                  {scheme}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ name, value }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {runs.map((run) => (
                  <td key={run.scheme}>{value(run)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
