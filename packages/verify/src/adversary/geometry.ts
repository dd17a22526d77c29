import type { TraceMachineOptions } from "../trace/trace-header.ts";

/** Sizes of the adversary's host. The small one is dense: operations meet one another soon, and an audit is cheap. */
export const adversaryGeometries: Readonly<
  Record<"small" | "full", Omit<TraceMachineOptions, "scheme" | "version" | "superpagesAllowed">>
> = {
  /** Superpages and tables of 8. */
  small: { superpageOrder: 3, tableOrder: 3, guests: 2, superpages: 2, preemptEvery: 5 },
  /** Superpages and tables of 512, as on real hardware: the L4 slots of Xen's own exist only here. */
  full: { superpageOrder: 9, tableOrder: 9, guests: 2, superpages: 2, preemptEvery: 300 },
};

const unsoundSchemes: ReadonlySet<string> = new Set(["rfc", "rfc-busy-over-1", "rfc-busy-over-2", "xen-4.1"]);
/** 4.17 loses a general reference when a validation fails three levels deep: recorded, see `docs/fidelity.md`. */
const unsoundVersions: ReadonlySet<string> = new Set(["xen-4.17"]);

/** Whether what the adversary finds is no fault of this model: the scheme, or that version of Xen, has holes. */
export function isUnsoundAsPublished(scheme: string, version = "xen-4.9"): boolean {
  return unsoundSchemes.has(scheme) || unsoundVersions.has(version);
}
