import type { Profiler } from "node:inspector";

/** What of the time of some function, and of all that it calls, was spent in one function's own code. */
export interface SelfTime {
  /** Name and file. */
  readonly where: string;
  readonly ns: number;
}

/**
 * Adds up, function by function, the samples of a profile that were taken inside a function.
 *
 * @param profile - as the inspector gives it.
 * @param root - name of the function: what was sampled outside of it is left out.
 * @returns longest first.
 */
export function selfTimesUnder(profile: Profiler.Profile, root: string): readonly SelfTime[] {
  const { nodes, samples = [], timeDeltas = [] } = profile;
  const names = namesUnder(nodes, root);
  const times = new Map<string, number>();
  for (const [at, id] of samples.entries()) {
    const where = names.get(id);
    if (where !== undefined) times.set(where, (times.get(where) ?? 0) + (timeDeltas[at] ?? 0) * 1000);
  }
  return [...times].map(([where, ns]) => ({ where, ns })).toSorted((a, b) => b.ns - a.ns);
}

/** The nodes of a profile that are inside `root`, by id. */
function namesUnder(nodes: readonly Profiler.ProfileNode[], root: string): ReadonlyMap<number, string> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const names = new Map<number, string>();
  const visit = (id: number, above: boolean): void => {
    const node = byId.get(id);
    if (node === undefined) return;
    const { functionName, url } = node.callFrame;
    const inside = above || functionName === root;
    if (inside)
      names.set(id, `${functionName === "" ? "(anonymous)" : functionName} ${url.slice(url.lastIndexOf("/") + 1)}`);
    for (const child of node.children ?? []) visit(child, inside);
  };
  const [first] = nodes;
  if (first !== undefined) visit(first.id, false);
  return names;
}
