import { type SchemeRun, formatDuration } from "@xsp/scenario";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useIsDark } from "../use-is-dark.ts";

const HEIGHT = 340;

/** The storm as a timeline: how many are answered at each moment of modelled time, and when clients give up. */
export function Timeline({ runs }: { runs: readonly SchemeRun[] }): VNode {
  const plot = useRef<HTMLDivElement>(null);
  const isDark = useIsDark();
  const said = runs.map(({ scheme, logins }) => {
    return `${scheme}: ${logins.inTime} of ${logins.offered} in time, the last after ${formatDuration(logins.lastModelledNs)}`;
  });
  useEffect(() => {
    const { current } = plot;
    if (current === null) return undefined;
    let isShown = true;
    let end = (): void => {};
    // Loaded with the first storm and not with the page.
    void import("./timeline-plot.ts").then(({ plotTimeline }) => {
      if (!isShown) return;
      const timeline = plotTimeline(current, runs, HEIGHT);
      const observer = new ResizeObserver(() => timeline.setSize({ width: current.clientWidth, height: HEIGHT }));
      observer.observe(current);
      end = () => {
        observer.disconnect();
        timeline.destroy();
      };
    });
    return () => {
      isShown = false;
      end();
    };
  }, [runs, isDark]);
  return (
    <figure class="timeline">
      <figcaption>
        <ul>
          {said.map((text, index) => (
            <li key={text} class={`series-${index}`}>
              {text}
            </li>
          ))}
        </ul>
      </figcaption>
      <div
        class="plot"
        ref={plot}
        style={{ minHeight: `${HEIGHT}px` }}
        role="img"
        aria-label={`Logins answered over modelled time. ${said.join(". ")}.`}
      />
    </figure>
  );
}
