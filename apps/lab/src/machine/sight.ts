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

/** Moved by so many frames, as far as the host goes. */
export function movedBy(sight: Sight, across: number, down: number, whole: number): Sight {
  return nearestSight(sight.x + across, sight.y + down, sight.side, whole);
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
