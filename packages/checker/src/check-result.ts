import type { Property, Schedule } from "./model.ts";

/** Something that is wrong with the model. */
export interface Violation {
  /** The property's name, or `deadlock`, or `error`. */
  readonly property: string;
  /** `vacuous`: a `sometimes` that the finished exploration never witnessed; it has no schedule. */
  readonly kind: Exclude<Property["kind"], "sometimes"> | "deadlock" | "error" | "vacuous";
  readonly message: string;
  /** Steps of the schedule; 0 for `vacuous`. */
  readonly depth: number;
  readonly schedule: Schedule | undefined;
  /** The schedule as a token for `replay`. */
  readonly token: string | undefined;
}

/** The first state in which a `sometimes` property holds. */
export interface Witness {
  readonly property: string;
  readonly depth: number;
  readonly schedule: Schedule;
  readonly token: string;
}

/** Why an exploration ended before it had seen everything. */
export type IncompleteReason = "states" | "bytes" | "seconds" | "depth" | "aborted" | "unfinished";

/** How far an exploration has come. */
export interface Progress {
  readonly states: number;
  readonly transitions: number;
  /** States found and not yet expanded. */
  readonly queue: number;
  /** Steps from the initial state to the states that are expanded now. */
  readonly depth: number;
  /** Memory of states, table and trees. */
  readonly bytes: number;
}

/** What an exploration found. The same for any number of workers, and in a browser. */
export interface CheckResult {
  /**
   * - `holds`: every reachable state was seen, and every property holds within the model's own bounds.
   * - `violated`: see {@link violations}.
   * - `incomplete`: nothing wrong so far; see {@link reason}.
   */
  readonly verdict: "holds" | "violated" | "incomplete";
  readonly reason: IncompleteReason | undefined;
  /** In the order they were found, nearest first; at most one a property. */
  readonly violations: readonly Violation[];
  readonly witnesses: readonly Witness[];
  /** Built-in properties that were violated although the options did not ask for them. */
  readonly ignored: readonly string[];
  readonly states: number;
  readonly transitions: number;
  /** Steps to the furthest state found. */
  readonly depth: number;
  /** Nodes of the program trees: distinct points at which a vCPU was parked. */
  readonly nodes: number;
  readonly bytes: number;
  /** By the clock that was given; undefined without one. */
  readonly seconds: number | undefined;
}
