import { formatCount } from "@xsp/scenario";
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Colouring } from "../model/frame-classes.ts";
import { frameAt, placeOf, sideOf } from "../model/frame-place.ts";
import type { MachineCalls } from "../model/machine-worker.ts";
import type { FrameWords, MachineState } from "../model/machine-session.ts";
import { useAnswer } from "../model/use-answer.ts";
import type { WorkerCalls } from "../model/worker-calls.ts";
import { Select } from "../select.tsx";
import { useIsDark } from "../use-is-dark.ts";
import { coloursOf, cssColour, lineColour } from "./frame-colours.ts";

/** Dots of the canvas across and down. */
const DOTS = 1024;
/** The least frames in sight: then one is 64 dots. */
const LEAST_SIDE = 16;

const colourings: readonly Colouring[] = ["type", "type count", "general count", "owner"];

/** What of a host is in sight. */
interface Sight {
  readonly x: number;
  readonly y: number;
  /** Frames across and down, a power of two. */
  readonly side: number;
}

/** So many frames in sight around a frame, as far as the host goes. */
function sightAround(frame: number, side: number, whole: number): Sight {
  const { x, y } = placeOf(frame);
  // To a quarter of what is in sight: then a dot always stands for one run of frames.
  const grid = Math.max(1, side / 4);
  const fit = (at: number): number => Math.max(0, Math.min(whole - side, Math.round((at - side / 2) / grid) * grid));
  return { x: fit(x), y: fit(y), side };
}

interface FrameMapProps {
  readonly state: MachineState;
  readonly calls: WorkerCalls<MachineCalls>;
}

/** All frames of a host as a picture, from the whole down to one frame's decoded words. */
export function FrameMap({ state, calls }: FrameMapProps): VNode {
  const whole = sideOf(state.frames);
  const revision = state.done.length;
  const [colouring, setColouring] = useState<Colouring>("type count");
  const [sight, setSight] = useState<Sight>({ x: 0, y: 0, side: whole });
  const [frame, setFrame] = useState(512);
  const isDark = useIsDark();
  const canvas = useRef<HTMLCanvasElement>(null);
  const legend = useAnswer(() => calls.call("legend", colouring), [colouring, revision]);
  const words = useAnswer(() => calls.call("frame", frame), [frame, revision]);

  useEffect(() => {
    let wanted = true;
    const view = { ...sight, dots: DOTS, colours: coloursOf(colouring, isDark), lines: lineColour(isDark) };
    calls.call("picture", { colouring, view }).then(
      (pixels) => {
        const context = canvas.current?.getContext("2d");
        if (!wanted || context === null || context === undefined) return;
        context.putImageData(new ImageData(pixels, DOTS, DOTS), 0, 0);
        canvas.current?.setAttribute("data-drawn", `${revision} ${colouring} ${sight.x} ${sight.y} ${sight.side}`);
      },
      // Ended together with its machine, which tells of it.
      () => {},
    );
    return () => {
      wanted = false;
    };
  }, [sight, colouring, revision, isDark]);

  const zoom = (side: number, around: number): void => {
    setSight(sightAround(around, Math.max(LEAST_SIDE, Math.min(whole, side)), whole));
  };
  /** Moves by so many steps of what can be told apart, and takes the sight along. */
  const go = (across: number, down: number): void => {
    const step = Math.max(1, sight.side / 64);
    const { x, y } = placeOf(frame);
    const to = (at: number, by: number): number => Math.max(0, Math.min(whole - 1, at + by * step));
    const next = Math.min(state.frames - 1, frameAt(to(x, across), to(y, down)));
    setFrame(next);
    if (!isInSight(next, sight)) setSight(sightAround(next, sight.side, whole));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const action: Record<string, () => void> = {
      ArrowLeft: () => go(-1, 0),
      ArrowRight: () => go(1, 0),
      ArrowUp: () => go(0, -1),
      ArrowDown: () => go(0, 1),
      "+": () => zoom(sight.side / 2, frame),
      "=": () => zoom(sight.side / 2, frame),
      "-": () => zoom(sight.side * 2, frame),
      "0": () => zoom(whole, frame),
    };
    const perform = action[event.key];
    if (perform === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    perform();
  };
  const frameUnder = (event: MouseEvent): number => {
    const box = canvas.current?.getBoundingClientRect() ?? { left: 0, top: 0, width: 1, height: 1 };
    const at = (offset: number, size: number): number =>
      Math.max(0, Math.min(sight.side - 1, Math.floor((offset / size) * sight.side)));
    return frameAt(
      sight.x + at(event.clientX - box.left, box.width),
      sight.y + at(event.clientY - box.top, box.height),
    );
  };
  const point = (event: MouseEvent): void => {
    const under = frameUnder(event);
    if (under < state.frames) setFrame(under);
  };

  return (
    <section class="frame-map" aria-label={`Frames under ${state.settings.scheme}`}>
      <h2>{state.settings.scheme}</h2>
      <div class="row">
        <Select
          label="Coloured by"
          value={colouring}
          options={colourings}
          onChange={(value) => setColouring(colourings.find((name) => name === value) ?? colouring)}
        />
        <div class="zoom" role="group" aria-label="Zoom">
          <button
            type="button"
            disabled={sight.side >= whole}
            onClick={() => zoom(sight.side * 2, frame)}
            aria-label="Zoom out"
          >
            −
          </button>
          <button
            type="button"
            disabled={sight.side <= LEAST_SIDE}
            onClick={() => zoom(sight.side / 2, frame)}
            aria-label="Zoom in"
          >
            +
          </button>
          <button type="button" disabled={sight.side >= whole} onClick={() => zoom(whole, frame)}>
            Whole host
          </button>
          <button type="button" onClick={() => zoom(32, frame)}>
            This superpage
          </button>
        </div>
      </div>
      <div class="picture">
        <canvas
          ref={canvas}
          width={DOTS}
          height={DOTS}
          tabIndex={0}
          role="img"
          aria-label={`Frames of the host, ${sightText(sight, whole)}. Arrow keys choose a frame, plus and minus zoom.`}
          onKeyDown={onKeyDown}
          onMouseMove={point}
          onClick={(event) => zoom(sight.side / 4, frameUnder(event))}
        />
        <Marker frame={frame} sight={sight} />
      </div>
      <p class="small">
        {sightText(sight, whole)}. A superpage is 32 × 16 frames. Point at a frame to see its words; click to go nearer.
      </p>
      {words.state === "answered" ? <FrameCard words={words.value} /> : null}
      {legend.state === "answered" ? (
        <Legend entries={legend.value} colours={coloursOf(colouring, isDark)} total={state.frames} />
      ) : null}
    </section>
  );
}

function isInSight(frame: number, { x, y, side }: Sight): boolean {
  const place = placeOf(frame);
  return place.x >= x && place.x < x + side && place.y >= y && place.y < y + side;
}

/** `the whole host, 4,096 × 4,096 frames`. */
function sightText({ side }: Sight, whole: number): string {
  const size = `${formatCount(side)} × ${formatCount(side)} frames`;
  return side === whole ? `The whole host, ${size}` : size;
}

/** A frame around the frame that is described, large enough to be seen. */
function Marker({ frame, sight }: { frame: number; sight: Sight }): VNode | null {
  if (!isInSight(frame, sight)) return null;
  const { x, y } = placeOf(frame);
  const percent = (at: number): string => `${(100 * at) / sight.side}%`;
  return (
    <span
      class="marker"
      style={{ left: percent(x - sight.x), top: percent(y - sight.y), width: percent(1), height: percent(1) }}
    />
  );
}

function FrameCard({ words }: { words: FrameWords }): VNode {
  const { type, count, marked, busy } = words.state;
  const flags = [marked && "marked", busy && "busy"].filter((flag) => flag !== false);
  return (
    <dl class="frame-card">
      <dt>Frame {formatCount(words.frame)}</dt>
      <dd>
        <code>{words.text}</code>
      </dd>
      <dt>Its superpage, {formatCount(words.superpage)}</dt>
      <dd>
        <code>
          {type} {formatCount(count)}
          {flags.length === 0 ? "" : `, ${flags.join(", ")}`}
        </code>
      </dd>
    </dl>
  );
}

/** A share in percent, and never nothing for something. */
function share(part: number): string {
  if (part < 0.0001) return "< 0.01%";
  return `${(100 * part).toFixed(part < 0.01 ? 2 : 0)}%`;
}

interface LegendProps {
  readonly entries: readonly { readonly name: string; readonly frames: number }[];
  readonly colours: readonly number[];
  readonly total: number;
}

function Legend({ entries, colours, total }: LegendProps): VNode {
  return (
    <ul class="legend">
      {entries.map(({ name, frames }, index) =>
        frames === 0 ? null : (
          <li key={name}>
            <i style={{ background: cssColour(colours[index] ?? 0) }} />
            <span>{name}</span>
            <span class="amount">
              {formatCount(frames)}
              <small> {share(frames / total)}</small>
            </span>
          </li>
        ),
      )}
    </ul>
  );
}
