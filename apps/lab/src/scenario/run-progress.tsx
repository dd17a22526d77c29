import { type RunProgress as Progress, type SchemeName, formatCount, phaseNames } from "@xsp/scenario";
import type { VNode } from "preact";

interface RunProgressProps {
  readonly schemes: readonly SchemeName[];
  readonly progress: readonly (Progress | undefined)[];
}

/** How far the runs under each scheme are. */
export function RunProgress({ schemes, progress }: RunProgressProps): VNode {
  return (
    <div class="progress">
      {schemes.map((scheme, index) => {
        const at = progress[index];
        const phase = at === undefined ? 0 : phaseNames.indexOf(at.phase);
        const done = at === undefined ? 0 : (phase + at.done / Math.max(1, at.total)) / phaseNames.length;
        return (
          <label key={scheme}>
            <code>{scheme}</code>
            <progress max={1} value={done} />
            <span class="small">
              {at === undefined ? "begins" : at.phase}
              {at !== undefined && at.total > 1 ? `, ${formatCount(at.done)} of ${formatCount(at.total)}` : ""}
            </span>
          </label>
        );
      })}
    </div>
  );
}
