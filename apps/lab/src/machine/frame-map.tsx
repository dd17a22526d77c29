import { formatCount } from "@xsp/scenario";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { type Colouring, colourings } from "../model/frame-classes.ts";
import type { PictureView } from "../model/frame-picture.ts";
import { frameAt, placeOf, sideOf } from "../model/frame-place.ts";
import type { MachineCalls } from "../model/machine-worker.ts";
import type { FrameWords, MachineState } from "../model/machine-session.ts";
import { useAnswer } from "../model/use-answer.ts";
import type { WorkerCalls } from "../model/worker-calls.ts";
import { Select } from "../select.tsx";
import { useIsDark } from "../use-is-dark.ts";
import { coloursOf, cssColour, lineColour } from "./frame-colours.ts";
import { useMapGestures } from "./map-gestures.ts";
import type { MapLook } from "./map-look.ts";
import {
  DOTS,
  LEAST_SIDE,
  NOT_DRAGGED,
  type Sight,
  draggedBy,
  frameUnder,
  isInSight,
  sightAround,
  wholeSight,
  zoomedAt,
} from "./sight.ts";

interface FrameMapProps {
  readonly state: MachineState;
  readonly calls: WorkerCalls<MachineCalls>;
  readonly look: MapLook;
  /** Changes how this map, and any beside it, is looked at. */
  readonly onLook: (change: Partial<MapLook>) => void;
}

/** All frames of a host as a picture, from the whole down to one frame's decoded words. */
export function FrameMap({ state, calls, look, onLook }: FrameMapProps): VNode {
  const whole = sideOf(state.frames);
  const revision = state.done.length;
  const { colouring, sight, frame } = look;
  const isDark = useIsDark();
  const canvas = useRef<HTMLCanvasElement>(null);
  const dragged = useRef(NOT_DRAGGED);
  const legend = useAnswer(() => calls.call("legend", colouring), [colouring, revision]);
  const words = useAnswer(() => calls.call("frame", frame), [frame, revision]);

  const wanted = useRef<PictureOrder | undefined>(undefined);
  const draws = useRef(false);
  useEffect(() => {
    wanted.current = {
      colouring,
      view: { ...sight, dots: DOTS, colours: coloursOf(colouring, isDark), lines: lineColour(isDark) },
      name: `${revision} ${colouring} ${sight.x} ${sight.y} ${sight.side}`,
    };
    if (draws.current) return;
    draws.current = true;
    // Ended together with its machine, which tells of it.
    drawWanted(calls, wanted, canvas)
      .catch(() => {})
      .finally(() => {
        draws.current = false;
      });
  }, [sight, colouring, revision, isDark]);

  /** Around the frame that is described; where it was dragged out of sight, around the middle. */
  const zoom = (side: number): void =>
    onLook({
      sight: isInSight(frame, sight) ? sightAround(frame, side, whole) : zoomedAt(sight, side, 0.5, 0.5, whole),
    });
  /** Moves by so many steps of what can be told apart, and takes the sight along. */
  const go = (across: number, down: number): void => {
    const step = Math.max(1, sight.side / 64);
    const { x, y } = placeOf(frame);
    const to = (at: number, by: number): number => Math.max(0, Math.min(whole - 1, at + by * step));
    const next = Math.min(state.frames - 1, frameAt(to(x, across), to(y, down)));
    onLook({ frame: next, sight: isInSight(next, sight) ? sight : sightAround(next, sight.side, whole) });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const action: Record<string, () => void> = {
      ArrowLeft: () => go(-1, 0),
      ArrowRight: () => go(1, 0),
      ArrowUp: () => go(0, -1),
      ArrowDown: () => go(0, 1),
      "+": () => zoom(sight.side / 2),
      "=": () => zoom(sight.side / 2),
      "-": () => zoom(sight.side * 2),
      "0": () => zoom(whole),
    };
    const perform = action[event.key];
    if (perform === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    perform();
  };
  const gestures = useMapGestures({
    point({ across, down }) {
      const under = frameUnder(sight, across, down);
      if (under < state.frames) onLook({ frame: under });
    },
    press({ across, down }) {
      const under = Math.min(state.frames - 1, frameUnder(sight, across, down));
      onLook({ frame: under, sight: sightAround(under, sight.side / 4, whole) });
    },
    drag(across, down) {
      const next = draggedBy(sight, dragged.current, across, down, whole);
      dragged.current = next.rest;
      if (next.sight.x !== sight.x || next.sight.y !== sight.y) onLook({ sight: next.sight });
    },
    zoom(halvings, { across, down }) {
      const next = zoomedAt(sight, sight.side / 2 ** halvings, across, down, whole);
      if (next.side === sight.side) return false;
      onLook({ sight: next });
      return true;
    },
  });

  return (
    <section class="frame-map" aria-label={`Frames under ${state.settings.scheme}`}>
      <h2>{state.settings.scheme}</h2>
      <div class="row">
        <Select
          label="Coloured by"
          value={colouring}
          options={colourings}
          onChange={(value) => onLook({ colouring: colourings.find((name) => name === value) ?? colouring })}
        />
        <div class="zoom" role="group" aria-label="Zoom">
          <button
            type="button"
            disabled={sight.side >= whole}
            onClick={() => zoom(sight.side * 2)}
            aria-label="Zoom out"
          >
            −
          </button>
          <button
            type="button"
            disabled={sight.side <= LEAST_SIDE}
            onClick={() => zoom(sight.side / 2)}
            aria-label="Zoom in"
          >
            +
          </button>
          <button type="button" disabled={sight.side >= whole} onClick={() => onLook({ sight: wholeSight(whole) })}>
            Whole host
          </button>
          <button type="button" onClick={() => onLook({ sight: sightAround(frame, 32, whole) })}>
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
          {...gestures}
        />
        <Marker frame={frame} sight={sight} />
      </div>
      <p class="small">
        {sightText(sight, whole)}. A superpage is 32 × 16 frames. Point at a frame to see its words; click to go nearer,
        drag to move. Once clicked, the wheel and two fingers zoom.
      </p>
      {words.state === "answered" ? <FrameCard words={words.value} /> : null}
      {legend.state === "answered" ? (
        <Legend entries={legend.value} colours={coloursOf(colouring, isDark)} total={state.frames} />
      ) : null}
    </section>
  );
}

/** A picture to be drawn, and what the canvas says when it shows it. */
interface PictureOrder {
  readonly colouring: Colouring;
  readonly view: PictureView;
  readonly name: string;
}

/**
 * Draws the picture that is wanted, and the one that is wanted by then, until there is none: one at a time, because a map
 * that is dragged wants more of them than are drawn in the same time.
 */
async function drawWanted(
  calls: WorkerCalls<MachineCalls>,
  wanted: { current: PictureOrder | undefined },
  canvas: { readonly current: HTMLCanvasElement | null },
): Promise<void> {
  for (let order = wanted.current; order !== undefined; order = wanted.current) {
    wanted.current = undefined;
    const { colouring, view, name } = order;
    const pixels = await calls.call("picture", { colouring, view });
    canvas.current?.getContext("2d")?.putImageData(new ImageData(pixels, DOTS, DOTS), 0, 0);
    canvas.current?.setAttribute("data-drawn", name);
  }
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
  const flags = [marked && type !== "mark" && "marked", busy && "busy"].filter((flag) => flag !== false);
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
