import { useRef } from "preact/hooks";

/*
 * What a pointer and a wheel mean on the map:
 *
 *   press, move, let go        the map is taken along
 *   press, let go              nearer, around the frame that was pressed
 *   two fingers                apart: nearer, together: farther
 *   wheel                      nearer or farther, around the frame under the pointer; only while the map has the focus,
 *                              or with Ctrl (as touch pads report two fingers), for otherwise it scrolls the page
 */

/** A place in the picture: shares of its width and height, from 0 to 1. */
interface PicturePoint {
  readonly across: number;
  readonly down: number;
}

/** What the gestures do. */
export interface MapActions {
  /** The pointer is over a place, and nothing is pressed. */
  readonly point: (at: PicturePoint) => void;
  /** A place was pressed. */
  readonly press: (at: PicturePoint) => void;
  /** The picture was moved by such shares of its size. */
  readonly drag: (across: number, down: number) => void;
  /**
   * Nearer by halvings, or farther where negative, with the same frame under a place.
   *
   * @returns whether there was anything to change.
   */
  readonly zoom: (halvings: number, at: PicturePoint) => boolean;
}

/** Handlers for the element that shows the map. */
export interface MapHandlers {
  readonly onPointerDown: (event: PointerEvent) => void;
  readonly onPointerMove: (event: PointerEvent) => void;
  readonly onPointerUp: (event: PointerEvent) => void;
  readonly onPointerCancel: (event: PointerEvent) => void;
  readonly onWheel: (event: WheelEvent) => void;
}

/** Pixels that a pressed pointer may tremble without dragging. */
const TREMBLE = 4;
/** What a wheel's event reports for one notch, in pixels. */
const NOTCH = 100;
/** Pixels of a line, for wheels that report lines. */
const LINE = 34;

interface Pressed {
  x: number;
  y: number;
  moved: boolean;
}

/** Tells gestures on the map apart. */
export function useMapGestures(actions: MapActions): MapHandlers {
  const pressed = useRef(new Map<number, Pressed>());
  /** Distance of two fingers when the size last changed. */
  const spread = useRef(0);
  const wheeled = useRef(0);

  const pointOf = (event: MouseEvent): PicturePoint => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const share = (offset: number, size: number): number => Math.max(0, Math.min(1, offset / Math.max(1, size)));
    return { across: share(event.clientX - box.left, box.width), down: share(event.clientY - box.top, box.height) };
  };
  const pinch = (event: PointerEvent): void => {
    const [first, second] = [...pressed.current.values()];
    if (first === undefined || second === undefined) return;
    const distance = Math.hypot(first.x - second.x, first.y - second.y);
    if (spread.current === 0) spread.current = distance;
    const halvings = distance > spread.current * 1.5 ? 1 : distance < spread.current / 1.5 ? -1 : 0;
    if (halvings === 0) return;
    spread.current = distance;
    actions.zoom(halvings, pointOf(event));
  };
  const release = (event: PointerEvent): Pressed | undefined => {
    const was = pressed.current.get(event.pointerId);
    pressed.current.delete(event.pointerId);
    spread.current = 0;
    return was;
  };

  return {
    onPointerDown(event) {
      if (event.button !== 0) return;
      (event.currentTarget as Element).setPointerCapture(event.pointerId);
      pressed.current.set(event.pointerId, { x: event.clientX, y: event.clientY, moved: pressed.current.size > 0 });
    },
    onPointerMove(event) {
      const was = pressed.current.get(event.pointerId);
      if (was === undefined) {
        actions.point(pointOf(event));
        return;
      }
      const across = event.clientX - was.x;
      const down = event.clientY - was.y;
      if (!was.moved && Math.hypot(across, down) < TREMBLE) return;
      pressed.current.set(event.pointerId, { x: event.clientX, y: event.clientY, moved: true });
      if (pressed.current.size > 1) {
        pinch(event);
        return;
      }
      const box = (event.currentTarget as Element).getBoundingClientRect();
      actions.drag(across / Math.max(1, box.width), down / Math.max(1, box.height));
    },
    onPointerUp(event) {
      const was = release(event);
      if (was !== undefined && !was.moved) actions.press(pointOf(event));
    },
    onPointerCancel(event) {
      release(event);
    },
    onWheel(event) {
      const hasFocus = document.activeElement === event.currentTarget;
      if (!hasFocus && !event.ctrlKey) return;
      const scale = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : LINE;
      // A touch pad reports two fingers in small amounts.
      wheeled.current += event.deltaY * scale * (event.ctrlKey ? 4 : 1);
      const halvings = -Math.trunc(wheeled.current / NOTCH);
      wheeled.current %= NOTCH;
      // Where the map goes no farther, the wheel scrolls the page again.
      if (halvings === 0 || actions.zoom(Math.sign(halvings), pointOf(event))) event.preventDefault();
    },
  };
}
