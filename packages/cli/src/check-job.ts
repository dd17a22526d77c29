import type { BoundsChange, CheckedProperty, CheckOptions, ModelCheck, NamedModel } from "@xsp/verify";

/** One check: a model with some of its bounds changed, under a scheme. Plain data, so that a thread can be told it. */
export interface CheckJob {
  readonly model: string;
  readonly change: BoundsChange;
  readonly scheme: string;
  /** All when it is left out. */
  readonly properties?: readonly CheckedProperty[];
  readonly budget: CheckBudget;
  readonly reduction: NonNullable<CheckOptions["reduction"]>;
}

/** Limits of one check. */
export interface CheckBudget extends NonNullable<CheckOptions["budget"]> {
  readonly bytes: number;
}

/** How far one check is. */
export interface CheckProgress {
  readonly model: string;
  readonly scheme: string;
  readonly states: number;
  readonly transitions: number;
  readonly queue: number;
  readonly depth: number;
  readonly bytes: number;
}

/** What a thread is started with. */
export interface CheckThreadStart {
  /** Modules of schemes that are not XSP's own. */
  readonly modules: readonly string[];
}

/** What a thread is told: the place of the check among all, and the check. */
export interface CheckOrder {
  readonly place: number;
  readonly job: CheckJob;
}

/** What it answers: how far it is, and the check at the end. */
export type CheckAnswer =
  | { readonly place: number; readonly progress: CheckProgress }
  | { readonly place: number; readonly check: ModelCheck };

/** The model of a job, its bounds changed. */
export async function modelOfJob({ model, change }: CheckJob): Promise<NamedModel> {
  const { modelByName, withBounds } = await import("@xsp/verify");
  return withBounds(modelByName(model), change);
}
