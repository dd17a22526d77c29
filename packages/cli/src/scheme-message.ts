import type { ProfileName, RunProgress, Scenario, SchemeRun, StepsRun } from "@xsp/scenario";

/** What a process is told that runs one scheme. */
export interface SchemeOrder {
  readonly scenario: Scenario;
  readonly scheme: SchemeRun["scheme"];
  readonly profile: ProfileName;
  /** Modules of schemes that are not XSP's own, to be loaded first. */
  readonly modules?: readonly string[];
}

/** What it answers: how far it is, as often as it likes, and one of the other two at the end. */
export type SchemeAnswer =
  | { readonly kind: "progress"; readonly progress: RunProgress }
  | { readonly kind: "done"; readonly run: SchemeRun | StepsRun }
  | { readonly kind: "unplayable"; readonly problems: readonly unknown[] }
  | { readonly kind: "failed"; readonly stack: string };
