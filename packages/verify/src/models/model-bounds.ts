import type { ModelOptions } from "@xsp/checker";
import { earlierOperation } from "./earlier-operation.ts";
import type { NamedModel } from "./model-list.ts";
import { machineFrames } from "./superpage-machine.ts";
import { operationLists, tokenOptions } from "./superpage-model.ts";
import { superpageOperations } from "./superpage-operations.ts";

/*
 * A named model with other bounds than its own: more vCPUs, more domains, larger superpages, longer sequences.
 *
 * Bounds are options of the model, so they stand in its tokens and checkpoints, and a token alone is enough to build the
 * model again. What an operation does never depends on them, save that a frame which a small superpage does not have
 * stands for its last one.
 */

/** Bounds to put in place of a model's own. */
export interface BoundsChange {
  /** How many vCPUs. Lists of operations and steps repeat when there are more vCPUs than lists. */
  readonly vcpus?: number;
  /** How many domains; vCPU i runs in domain i modulo this. */
  readonly domains?: number;
  readonly superpages?: number;
  readonly order?: number;
  /** One number for all vCPUs, or one for each. */
  readonly steps?: number | readonly number[];
  readonly start?: "highmem" | "lowmem";
}

/** Bounds that a model cannot have. */
export class BoundsProblem extends RangeError {
  /** The bound that was asked for. */
  readonly bound: keyof BoundsChange;
  readonly problem: string;
  readonly expected: string;
  readonly remedy: string;

  constructor(bound: keyof BoundsChange, problem: string, expected: string, remedy: string) {
    super(`${bound}: ${problem}, expected ${expected}`);
    this.name = "BoundsProblem";
    this.bound = bound;
    this.problem = problem;
    this.expected = expected;
    this.remedy = remedy;
  }
}

const most = { vcpus: 8, domains: 8, superpages: 8, order: 9, steps: 16 } as const;
/** Cached translations are a word of one bit a frame: see `modelTlb` of the host. */
const MOST_FRAMES_WITH_TLB = 31;

/**
 * A model with some of its bounds changed; the model itself when nothing differs.
 *
 * @throws BoundsProblem for bounds that the model cannot have.
 */
export function withBounds(named: NamedModel, change: BoundsChange): NamedModel {
  checkNumbers(change);
  const before = named.options;
  const vcpuDomains = domainsOfVcpus(named, change);
  const { steps: asked = before.steps, order = before.order, start = before.start } = change;
  const { superpages = before.superpages ?? 1 } = change;
  const steps = typeof asked === "number" ? asked : vcpuDomains.map((_, vcpu) => asked[vcpu % asked.length] as number);
  if (change.steps !== undefined && typeof change.steps !== "number" && change.steps.length !== vcpuDomains.length) {
    throw new BoundsProblem(
      "steps",
      `${change.steps.length} numbers of steps for ${vcpuDomains.length} vCPUs`,
      `one number for all, or one for each of the ${vcpuDomains.length}`,
      "give as many numbers as there are vCPUs, or a single one",
    );
  }
  const options: NamedModel["options"] = { ...before, vcpuDomains, order, start, superpages, steps };
  if (vcpuDomains !== before.vcpuDomains) checkOperations(named, options);
  checkStart(named, options);
  checkTlb(options);
  const own = tokenOptions({ ...before, scheme: "" });
  return JSON.stringify(tokenOptions({ ...options, scheme: "" })) === JSON.stringify(own)
    ? named
    : { ...named, options };
}

/**
 * The model that a token's options speak of.
 *
 * @throws BoundsProblem when the model cannot have them.
 */
export function withTokenOptions(named: NamedModel, token: ModelOptions): NamedModel {
  const own = tokenOptions({ ...named.options, scheme: String(token["scheme"]) });
  if (JSON.stringify(own) === JSON.stringify(token)) return named;
  const vcpus = String(token["vcpus"]);
  const { steps } = token;
  const change: BoundsChange = {
    superpages: Number(token["superpages"] ?? 1),
    order: Number(token["order"]),
    steps: typeof steps === "number" ? steps : String(steps).split(" ").map(Number),
    start: token["start"] === "lowmem" ? "lowmem" : "highmem",
    // As long as vCPUs lie in the domains that the model gives them, their number says nothing about domains.
    ...(vcpus === String(own["vcpus"])
      ? {}
      : { vcpus: vcpus.length, domains: Math.max(...Array.from(vcpus, Number)) + 1 }),
  };
  return withBounds(named, change);
}

function checkNumbers(change: BoundsChange): void {
  for (const bound of ["vcpus", "domains", "superpages", "order", "steps"] as const) {
    const given = change[bound];
    for (const value of given === undefined ? [] : [given].flat()) {
      const least = bound === "order" ? 0 : 1;
      if (Number.isInteger(value) && value >= least && value <= most[bound]) continue;
      const range = `a whole number from ${least} to ${most[bound]}`;
      throw new BoundsProblem(bound, `${value} given`, range, `choose ${range}`);
    }
  }
}

function domainsOfVcpus({ name, options }: NamedModel, { vcpus, domains }: BoundsChange): readonly number[] {
  if (vcpus === undefined && domains === undefined) return options.vcpuDomains;
  const own = Math.max(...options.vcpuDomains) + 1;
  const number = vcpus ?? options.vcpuDomains.length;
  if (domains === undefined && own > number) {
    throw new BoundsProblem(
      "vcpus",
      `${name} has ${own} domains, which cannot all run on ${number} vCPU${number === 1 ? "" : "s"}`,
      `${own} or more`,
      `ask for ${own} vCPUs, or for fewer domains too`,
    );
  }
  if ((domains ?? own) > number) {
    throw new BoundsProblem(
      "domains",
      `${domains} domains for ${number} vCPUs, and each needs one`,
      `at most ${number}`,
      `ask for ${domains} vCPUs too`,
    );
  }
  return Array.from({ length: number }, (_, vcpu) => vcpu % (domains ?? own));
}

/** Operations that need domains of their own: what they are for cannot happen otherwise, or Xen would not let it. */
function checkOperations({ name }: NamedModel, options: NamedModel["options"]): void {
  const { vcpuDomains } = options;
  const lists = operationLists(options);
  const domains = new Set(vcpuDomains).size;
  const earlier = Math.max(0, ...(options.before ?? []).map((each) => earlierOperation(each).vcpu));
  if (earlier >= vcpuDomains.length) {
    throw new BoundsProblem(
      "vcpus",
      `in ${name} vCPU ${earlier} has performed something before it begins`,
      `${earlier + 1} or more`,
      `ask for ${earlier + 1} vCPUs, or choose another model`,
    );
  }
  const populates = lists.flat().includes("populate");
  if (populates && domains < 2) {
    throw new BoundsProblem(
      "domains",
      `${name} is about a superpage that goes from one domain to another`,
      "2 or more",
      "ask for 2 domains, or choose another model",
    );
  }
  for (const [vcpu, list] of lists.entries()) {
    if (!list.some((each) => superpageOperations[each]?.last === true)) continue;
    const beside = vcpuDomains.findIndex((domain, other) => other !== vcpu && domain === vcpuDomains[vcpu]);
    if (beside < 0) continue;
    throw new BoundsProblem(
      "vcpus",
      `in ${name} vCPU ${vcpu}'s domain is destroyed, and vCPU ${beside} would still run in it`,
      "a domain of its own for each vCPU",
      `ask for ${vcpuDomains.length} domains, or for ${domains} vCPUs`,
    );
  }
}

function checkStart({ name, options: own }: NamedModel, options: NamedModel["options"]): void {
  if (options.start === own.start || options.start === "lowmem") return;
  const [first] = [...(options.before ?? []), ...operationLists(options).flat()].filter((each) =>
    each.startsWith("direct-map"),
  );
  if (first === undefined) return;
  throw new BoundsProblem(
    "start",
    `${name} performs ${first}, and there is no direct map of the superpage in a ${options.start} start`,
    own.start,
    `leave it at ${own.start}, or choose another model`,
  );
}

function checkTlb(options: NamedModel["options"]): void {
  const frames = machineFrames(options);
  if (options.tlb !== true || frames <= MOST_FRAMES_WITH_TLB) return;
  throw new BoundsProblem(
    "order",
    `the machine would have ${frames} frames, and this model keeps cached translations, one bit a frame`,
    `at most ${MOST_FRAMES_WITH_TLB} frames`,
    "ask for a lower order, fewer superpages or fewer vCPUs",
  );
}
