import type {
  BrokenProperty,
  CheckBounds,
  CheckedProperty,
  CheckJson,
  Explanation,
  SequentialResult,
  StressPlan,
} from "@xsp/verify";
import type { CommandResult, Machine, Scenario } from "@xsp/scenario";
import type { TraceStep } from "@xsp/checker";

/*
 * What commands write for programs, where no package below has a type for it. `scripts/write-reference.mjs` makes the JSON
 * Schemas of docs/reference/schemas/ of these, text and all, so what stands here about a field is what its readers get.
 */

/** What `xsp check --all --format json` writes: every model under every scheme. */
export type CheckAllJson = readonly CheckJson[];

/** What `xsp check --list --format json` writes. */
export type ModelListJson = readonly {
  /** The name that `xsp check` takes. */
  readonly model: string;
  /** What it examines, in a sentence. */
  readonly examines: string;
  /** Within what it is explored unless options say otherwise. */
  readonly bounds: CheckBounds;
}[];

/** What `xsp explain TOKEN --format json` writes: a counterexample, access by access. */
export interface ExplainJson {
  /** Version of this form. */
  readonly v: 1;
  /** The model that the token is of. */
  readonly model: string;
  /** The accounting scheme that it was made with. */
  readonly scheme: string;
  /** Within what the model was explored. */
  readonly bounds: CheckBounds;
  /** What is wrong in the last state. */
  readonly violated: Explanation["violated"];
  /** The same in plain words. */
  readonly paragraph: string;
  /** Every access, in order. */
  readonly steps: readonly TraceStep[];
}

/** What `xsp replay TOKEN --format json` writes: where a counterexample ends. */
export interface ReplayTokenJson {
  /** Version of this form. */
  readonly v: 1;
  /** The token that was replayed. */
  readonly token: string;
  /** The model that the token is of. */
  readonly model: string;
  /** The accounting scheme that it was made with. */
  readonly scheme: string;
  /** Within what the model was explored. */
  readonly bounds: CheckBounds;
  /** How many accesses there are. */
  readonly steps: number;
  /** What is wrong in the last state. */
  readonly violated: Explanation["violated"];
}

/** What `xsp stress TOKEN --format json` writes: the operations of a counterexample, on real threads. */
export interface StressJson {
  /** Version of this form. */
  readonly v: 1;
  /** The model that the token is of. */
  readonly model: string;
  /** The scheme that was run. */
  readonly scheme: string;
  /** The token that the operations were taken from. */
  readonly token: string;
  /** The scheme that the token was made with. */
  readonly tokenScheme: string;
  /** What the counterexample breaks there. */
  readonly tokenBreaks: readonly CheckedProperty[];
  /** log2 of the frames in the superpage that was run. */
  readonly order: number;
  /** Operations that the first vCPU performed before. */
  readonly before: readonly string[];
  /** For each vCPU its operations by name. */
  readonly operations: StressPlan["operations"];
  /** Seed of the delays. */
  readonly seed: number;
  /** What the same operations come to without a race. */
  readonly sequential: SequentialResult;
  /** `broken`: a property broke in some round. `hang`: a round did not end. Else clean, or interrupted before. */
  readonly verdict: "broken" | "hang" | "clean" | "interrupted";
  /** How many rounds were run. */
  readonly rounds: number;
  /** In how many of them a property broke. */
  readonly broken: number;
  /** How long it took, in seconds of wall time. */
  readonly seconds: number;
  /** The first round that broke a property, or the one that hangs; null when there is none. */
  readonly first: {
    /** Its number, from 1. */
    readonly round: number;
    /** What broke in it. */
    readonly violated: readonly BrokenProperty[];
    /** What the operations of each vCPU answered in it, as far as they came. */
    readonly results: readonly (readonly string[])[];
  } | null;
  /** The machine that it was run on. */
  readonly machine: Machine;
}

/** What `xsp scenario list --json` writes: the shipped scenarios. */
export interface ScenarioListJson {
  /** Version of this form. */
  readonly v: 1;
  /** In the order in which they are listed. */
  readonly scenarios: readonly {
    /** The name that `xsp run` takes. */
    readonly name: string;
    /** One sentence. */
    readonly description: string;
    /** The scenario as it is read, with what its file leaves out. */
    readonly settings: Scenario;
    /** The file itself. */
    readonly text: string;
  }[];
}

/** What `xsp shell SCENARIO --json` writes, an object a command. */
export interface ShellLineJson extends CommandResult {
  /** The command as it was typed. */
  readonly command: string;
}

/** What `xsp new scheme NAME --format json` writes. */
export interface NewSchemeJson {
  /** Version of this form. */
  readonly v: 1;
  /** What the scheme is called. */
  readonly name: string;
  /** The folder that was written. */
  readonly folder: string;
  /** The files in it. */
  readonly files: readonly string[];
  /** Commands to go on with, in this order. */
  readonly next: readonly string[];
}
