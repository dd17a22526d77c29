import { frameAt, placeOf } from "../model/frame-place.ts";

/** Dots of the picture across and down. */
export const DOTS = 1024;
/** The fewest frames in sight across and down: then one is 64 dots. */
export const LEAST_SIDE = 16;

/** What of a host is in sight: a square of its picture, in frames. */
export interface Sight {
  /** Column of its first frame. */
  readonly x: number;
  /** Row of its first frame. */
  readonly y: number;
  /** Frames across and down: a power of two from {@link LEAST_SIDE} to the side of the whole host. */
  readonly side: number;
}

/** All of a host whose picture has so many frames on a side. */
export function wholeSight(whole: number): Sight {
  return { x: 0, y: 0, side: whole };
}

/**
 * The sight nearest to the one that is asked for. It stays within the picture, and begins where a dot begins, so that a
 * dot always stands for one aligned run of frames.
 */
export function nearestSight(x: number, y: number, side: number, whole: number): Sight {
  const fitting = Math.max(Math.min(LEAST_SIDE, whole), Math.min(whole, side));
  const run = Math.max(1, fitting / DOTS);
  const fit = (at: number): number => Math.max(0, Math.min(whole - fitting, Math.round(at / run) * run));
  return { x: fit(x), y: fit(y), side: fitting };
}

/** So many frames across and down with a frame in the middle, as far as the host goes. */
export function sightAround(frame: number, side: number, whole: number): Sight {
  const { x, y } = placeOf(frame);
  return nearestSight(x - side / 2, y - side / 2, side, whole);
}

/**
 * Another size, with the same frame under a point of the picture.
 *
 * @param across - the point, as a share of the picture's width from its left.
 * @param down - the same from its top.
 */
export function zoomedAt(sight: Sight, side: number, across: number, down: number, whole: number): Sight {
  const fitting = Math.max(Math.min(LEAST_SIDE, whole), Math.min(whole, side));
  const change = sight.side - fitting;
  return nearestSight(sight.x + across * change, sight.y + down * change, fitting, whole);
}

/** What a hand has moved by, in frames, and the sight has not: less than it can move by. */
export interface DragRest {
  readonly across: number;
  readonly down: number;
}

/** Before anything was dragged. */
export const NOT_DRAGGED: DragRest = { across: 0, down: 0 };

/**
 * The picture taken along by such shares of its size, as far as the host goes.
 *
 * @param rest - of the moves before: a slow hand moves by less than a frame at a time. What lies beyond the edge of the host
 *   does not stay in it, or the next drag would begin with a jump.
 */
export function draggedBy(
  sight: Sight,
  rest: DragRest,
  across: number,
  down: number,
  whole: number,
): { readonly sight: Sight; readonly rest: DragRest } {
  const wanted = { across: rest.across - across * sight.side, down: rest.down - down * sight.side };
  const next = nearestSight(sight.x + wanted.across, sight.y + wanted.down, sight.side, whole);
  const run = Math.max(1, sight.side / DOTS);
  const left = (by: number, moved: number): number => (Math.abs(by - moved) < run ? by - moved : 0);
  return {
    sight: next,
    rest: { across: left(wanted.across, next.x - sight.x), down: left(wanted.down, next.y - sight.y) },
  };
}

/** Whether a frame is in sight. */
export function isInSight(frame: number, { x, y, side }: Sight): boolean {
  const place = placeOf(frame);
  return place.x >= x && place.x < x + side && place.y >= y && place.y < y + side;
}

/** The frame under a point of the picture, both shares from 0 to 1. */
export function frameUnder(sight: Sight, across: number, down: number): number {
  const within = (share: number): number => Math.max(0, Math.min(sight.side - 1, Math.floor(share * sight.side)));
  return frameAt(sight.x + within(across), sight.y + within(down));
}
