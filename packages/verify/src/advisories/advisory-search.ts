import { explore, formatTrace, type Model, replay } from "@xsp/checker";
import type { Advisory } from "@xsp/hypervisor";
import { type AdversaryOptions, runAdversary } from "../adversary/adversary.ts";
import { adversaryGeometries, isUnsoundAsPublished } from "../adversary/geometry.ts";
import type { Violation } from "../adversary/violation.ts";

/** Whether the hypervisor that is searched has an advisory's fix. */
export type Fix = "in" | "out";

/** What a search came to. */
export interface AdvisorySearchResult {
  /** What was seen, nearest or first first; empty when nothing was found. */
  readonly found: readonly string[];
  /**
   * Whether everything within the bounds was looked at: then an empty {@link AdvisorySearchResult.found} is a verdict.
   * A search that found something may stop there, and the adversary only ever takes a sample.
   */
  readonly exhaustive: boolean;
  /** How much was looked at. */
  readonly effort: { readonly states: number } | { readonly operations: number };
  /** A shortest way in, to a writable page table if there is one, as text: columns of accesses (checker) or a trace to replay (adversary). */
  readonly trace: string | undefined;
}

/** A search for the hole of one advisory: it is given operations and bounds, and knows nothing of the attack. */
export interface AdvisorySearch {
  readonly advisory: Advisory;
  readonly name: string;
  /** What it examines, in one sentence. */
  readonly examines: string;
  readonly by: "checker" | "adversary";
  /** Schemes under which the hole is open when its fix is out. */
  readonly schemes: readonly string[];
  /** Runs the search; bounds and seed are the same whether the fix is in or out. */
  run(fix: Fix, scheme?: string): AdvisorySearchResult;
}

/** A search by exploring a model. */
export interface CheckerSearch extends AdvisorySearch {
  readonly by: "checker";
  /** The model that is explored: tokens of it replay. */
  model(fix: Fix, scheme?: string): Model;
}

type Described = Pick<AdvisorySearch, "advisory" | "name" | "examines" | "schemes">;

/** Advisories that are unfixed in a search. */
function unfixedBy(advisory: Advisory, fix: Fix): readonly Advisory[] {
  return fix === "out" ? [advisory] : [];
}

/**
 * Makes a search by the checker.
 *
 * @param properties - what is decided.
 * @param modelWith - the model under a scheme without some fixes.
 */
export function checkerSearch(
  described: Described,
  properties: readonly string[],
  modelWith: (scheme: string, unfixed: readonly Advisory[]) => Model,
): CheckerSearch {
  const [usual = "sealed"] = described.schemes;
  const model = (fix: Fix, scheme = usual): Model => modelWith(scheme, unfixedBy(described.advisory, fix));
  return {
    ...described,
    by: "checker",
    model,
    run(fix, scheme) {
      const explored = model(fix, scheme);
      const { verdict, violations, states } = explore(explored, { properties, until: "every-property" });
      // The way in that matters most: where a guest can write a page table in the end.
      const told = violations.find(({ property }) => property === "S1") ?? violations[0];
      return {
        found: violations.map(({ property, message }) => `${property}: ${message}`),
        exhaustive: verdict === "holds",
        effort: { states },
        trace: told?.token === undefined ? undefined : formatTrace(replay(explored, told.token)),
      };
    },
  };
}

/**
 * Makes a search by the adversary: two hostile guests on the small host, any hypercall with any argument.
 *
 * @param kind - the kind of violation that the hole shows itself by. Under schemes with holes as published only this
 * kind counts; under the others nothing at all may be found with the fix in.
 * @param vcpus - of each guest: with two, hypercalls of one come between the parts of a preempted one of the other.
 */
export function adversarySearch(
  described: Described,
  kind: Violation["kind"],
  bounds: Omit<AdversaryOptions, "machine" | "keep">,
  vcpus = 1,
): AdvisorySearch {
  const [usual = "sealed"] = described.schemes;
  return {
    ...described,
    by: "adversary",
    run(fix, scheme = usual) {
      const { operations, findings } = runAdversary({
        ...bounds,
        machine: {
          scheme,
          version: "xen-4.9",
          superpagesAllowed: true,
          ...adversaryGeometries.small,
          vcpus,
          unfixed: unfixedBy(described.advisory, fix),
        },
      });
      const counted = findings.filter((finding) => finding.kind === kind || !isUnsoundAsPublished(scheme));
      return {
        found: counted.map((finding) => `${finding.kind}: ${finding.detail}`),
        exhaustive: false,
        effort: { operations },
        trace: counted[0]?.trace,
      };
    },
  };
}
