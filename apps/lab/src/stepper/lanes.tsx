import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ShownStep, Story } from "../model/story.ts";

interface LanesProps {
  readonly story: Story;
  /** Steps that are done. */
  readonly at: number;
  /** Without it, rows are not for choosing. */
  readonly onMove?: (to: number) => void;
}

/** One lane a vCPU, one row a memory access. */
export function Lanes({ story, at, onMove }: LanesProps): VNode {
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => keepInSight(frame.current), [at, story]);
  return (
    <div class="lanes" ref={frame} tabIndex={0} role="region" aria-label="Every access, a lane for each vCPU">
      <table>
        <thead>
          <tr>
            <th scope="col" class="number">
              step
            </th>
            {story.programs.map((program, vcpu) => (
              <th scope="col" key={vcpu} class={`lane lane-${vcpu % 4}`}>
                vCPU {vcpu} <span>in {program}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {story.steps.map((step, index) => (
            <Row key={index} shown={step} index={index} at={at} lanes={story.programs.length} onMove={onMove} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  readonly shown: ShownStep;
  readonly index: number;
  readonly at: number;
  readonly lanes: number;
  readonly onMove: ((to: number) => void) | undefined;
}

function Row({ shown, index, at, lanes, onMove }: RowProps): VNode {
  const { step } = shown;
  const isCurrent = index === at - 1;
  const state = isCurrent ? "current" : index < at ? "done" : "to-come";
  const cell = (
    <td class={`lane lane-${step.vcpu % 4}`}>
      {shown.begins === undefined ? null : (
        <div class="begins" data-vcpu={`vCPU ${step.vcpu}`}>
          {shown.begins}
        </div>
      )}
      <div class={step.before === step.after ? "access" : "access writes"}>{shown.text}</div>
      {shown.notes.map((note) => (
        <div class="note" key={note}>
          {note}
        </div>
      ))}
    </td>
  );
  return (
    <tr class={state} aria-current={isCurrent ? "step" : undefined}>
      <th scope="row" class="number">
        {onMove === undefined ? (
          index + 1
        ) : (
          <button type="button" class="plain" onClick={() => onMove(index + 1)} aria-label={`Go to step ${index + 1}`}>
            {index + 1}
          </button>
        )}
      </th>
      {Array.from({ length: lanes }, (_, vcpu) => (vcpu === step.vcpu ? cell : <td key={vcpu} class="empty" />))}
    </tr>
  );
}

/** Scrolls the lanes, and never the page, so that the step just made can be seen. */
function keepInSight(frame: HTMLDivElement | null): void {
  const row = frame?.querySelector<HTMLElement>("tr.current");
  if (frame === null || frame === undefined) return;
  if (row === null || row === undefined) {
    frame.scrollTop = 0;
    return;
  }
  const head = frame.querySelector("thead")?.offsetHeight ?? 0;
  const above = row.offsetTop - head - 40;
  const below = row.offsetTop + row.offsetHeight + 40 - frame.clientHeight;
  if (frame.scrollTop > above) frame.scrollTop = above;
  else if (frame.scrollTop < below) frame.scrollTop = below;
}
