import type { SchemeName } from "@xsp/hypervisor";
import type { EventCounts } from "./event-counts.ts";
import type { LoginOutcome } from "./login-queue.ts";
import type { Scenario } from "./scenario.ts";

/** The parts of a run, in their order. The audit recounts everything after each of them. */
export const phaseNames = ["boot", "pool", "map", "fork", "exec", "logins", "exits", "destroy"] as const;

/** The name of a part of a run. */
export type PhaseName = (typeof phaseNames)[number];

/** One part of a run. */
export interface PhaseRun {
  readonly phase: PhaseName;
  /** Without the audit that follows. */
  readonly wallNs: number;
  readonly events: EventCounts;
  /** Differences between what is counted and what the page tables and pins come to. */
  readonly differences: number;
}

/** One fork or one exec, measured alone. */
export interface OperationRun {
  readonly wallNs: number;
  /** Counted events times the profile's prices. */
  readonly modelledNs: number;
  readonly events: EventCounts;
}

/** The spread of a time over all logins. */
export interface WallSpread {
  /** Each login's, in their order. */
  readonly samplesNs: readonly number[];
  readonly minNs: number;
  readonly medianNs: number;
  readonly maxNs: number;
}

/** What one scheme made of a scenario. */
export interface SchemeRun {
  readonly scheme: SchemeName;
  readonly boot: { readonly wallNs: number };
  readonly pool: { readonly hugepages: number; readonly marked: number; readonly wallNs: number };
  /** Mapping the region and touching all of it. */
  readonly map: { readonly hugepages: number; readonly wallNs: number };
  /** The first fork, alone. */
  readonly fork: OperationRun;
  /** The exec that follows the first fork, alone. */
  readonly exec: OperationRun;
  /** Children forked, execed and ended before each of the two, neither counted nor timed. */
  readonly warmUps: number;
  readonly logins: LoginOutcome & {
    /** All of them, the first included. */
    readonly wallNs: number;
    readonly forkWall: WallSpread;
    readonly execWall: WallSpread;
  };
  /** Summed over all phases. */
  readonly audit: { readonly differences: number; readonly audits: number };
  readonly destroy: {
    readonly wallNs: number;
    /** Frames free before the domain was made. */
    readonly framesBefore: number;
    /** Frames free after it was destroyed. Equal to `framesBefore` unless something was lost. */
    readonly framesAfter: number;
  };
  readonly phases: readonly PhaseRun[];
  /** Accounting state of the hypervisor per frame of memory. */
  readonly bytesPerFrame: number;
  /** Of the process that ran this scheme; 0 when the caller cannot tell. */
  readonly peakRssBytes: number;
}

/** The machine that a scenario was run on. */
export interface Machine {
  readonly runtime: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryBytes: number;
}

/** The whole result: what `--format json` prints. */
export interface ScenarioResult {
  readonly v: 1;
  /** The scenario's name. */
  readonly scenario: string;
  /** The cost profile's name. */
  readonly profile: string;
  readonly machine: Machine;
  readonly runs: readonly SchemeRun[];
  /** The scenario as it was run, overrides applied. */
  readonly settings: Scenario;
}
