import type { SchemeName } from "@xsp/hypervisor";
import type { EventCounts } from "./event-counts.ts";
import type { Judgement, PublishedComparison } from "./judgement.ts";
import type { LoginOutcome } from "./login-queue.ts";
import type { LoginStorm, StepScenario } from "./scenario.ts";

/**
 * The parts of a run, in their order. The audit recounts everything after each of them. Which of them there are depends
 * on the scenario: see `run-scenario.ts`.
 */
export const phaseNames = ["boot", "pool", "map", "fork", "exec", "logins", "steps", "exits", "destroy"] as const;

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

/** What one step did. */
export interface StepRun {
  /** The commands that were run: all of the step's, or those up to the first that was refused. */
  readonly commands: readonly string[];
  /** The errno or signal that the last one ended with. */
  readonly refusal?: string;
  readonly output: readonly string[];
  readonly errors: readonly string[];
  /** What it cost; measured steps only. */
  readonly operation?: OperationRun;
}

/** What one scheme made of a scenario that consists of steps. */
export interface StepsRun {
  readonly scheme: SchemeName;
  readonly boot: { readonly wallNs: number };
  /** The pool that the scenario asked for before its first process. */
  readonly pool: { readonly hugepages: number; readonly marked: number; readonly wallNs: number };
  /** Fewer than the scenario's when one was refused against expectation: the run ends there. */
  readonly steps: readonly StepRun[];
  /** Calls of multicalls that failed during the steps; the guest's kernel only logs them. */
  readonly multicallFailures: number;
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

/** What one scheme made of a login storm. */
export interface SchemeRun extends StepsRun {
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
}

/** The machine that a scenario was run on. */
export interface Machine {
  readonly runtime: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryBytes: number;
}

interface Result {
  /** The scenario's name. */
  readonly scenario: string;
  /** The cost profile's name. */
  readonly profile: string;
  /** The machine that it was run on. */
  readonly machine: Machine;
  /** What the file expected, and what came of it. */
  readonly expectations: readonly Judgement[];
  /** What others measured, beside what the model says. */
  readonly published: readonly PublishedComparison[];
}

/** The result of a login storm: what `--format json` prints. */
export interface ScenarioResult extends Result {
  /** Version of this form. */
  readonly v: 1;
  /** What each scheme made of it, in the order in which they were run. */
  readonly runs: readonly SchemeRun[];
  /** The scenario as it was run, overrides applied. */
  readonly settings: LoginStorm;
}

/** The result of a scenario that consists of steps. A reader of the first version would miss its fork. */
export interface StepsResult extends Result {
  /** Version of this form: 2, where a login storm has 1. */
  readonly v: 2;
  /** What each scheme made of it, in the order in which they were run. */
  readonly runs: readonly StepsRun[];
  /** The scenario as it was run, overrides applied. */
  readonly settings: StepScenario;
}

/** The whole result of any scenario. */
export type AnyResult = ScenarioResult | StepsResult;
