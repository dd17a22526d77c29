import { type Model, type ParsedToken, modelHash, parseToken } from "@xsp/checker";
import { knownSchemeNames, schemeByName } from "@xsp/hypervisor";
import { withTokenOptions } from "./model-bounds.ts";
import { type SuperpageModelOptions, superpageModel } from "./superpage-model.ts";

/** A model that is known by name: everything but the scheme is settled. */
export interface NamedModel {
  readonly name: string;
  /** What it examines, in one sentence. */
  readonly examines: string;
  readonly options: Omit<SuperpageModelOptions, "scheme">;
}

const oneDomain = { vcpuDomains: [0, 0], order: 1, start: "highmem" } as const;
const twoDomains = { vcpuDomains: [0, 1], order: 1, start: "highmem" } as const;
const threeVcpus = { vcpuDomains: [0, 0, 0], order: 1, start: "highmem" } as const;

/** What the owner of a superpage can do with it, or with its second frame; destruction and the TLB have other models. */
const everyOperation = [
  "map-2m-rw",
  "map-2m-ro",
  "unmap-2m",
  "mark",
  "unmark",
  "pin-1",
  "unpin-1",
  "map-4k-rw-1",
  "map-4k-ro-1",
  "unmap-4k",
  "release-1",
];

/**
 * The models, each small enough to be explored to its end in seconds under every scheme.
 *
 * A name stands in tokens, and the places of operations in their lists are what a token's choices mean: give a model
 * whose lists change another name, or tokens that were published no longer say what they said.
 */
export const namedModels: readonly NamedModel[] = [
  {
    name: "map-unmark-pin",
    examines: "Whether an unmark can take the references away that a superpage entry being written relies on.",
    options: {
      ...oneDomain,
      before: ["mark"],
      operations: [["map-2m-rw"], ["unmark", "pin-1"]],
      steps: 2,
    },
  },
  {
    name: "map-unmark-pin-lowmem",
    examines: "The same where the kernel's direct map holds a writable reference on each frame of its own.",
    options: {
      ...oneDomain,
      start: "lowmem",
      before: ["direct-map-ro-1", "mark"],
      operations: [["map-2m-rw"], ["unmark", "pin-1", "direct-map-ro-0"]],
      steps: [1, 3],
    },
  },
  {
    name: "map-unmark-pin-order-2",
    examines: "The same as map-unmark-pin for a superpage of four frames.",
    options: {
      ...oneDomain,
      order: 2,
      before: ["mark"],
      operations: [["map-2m-rw"], ["unmark", "pin-1"]],
      steps: [1, 2],
    },
  },
  {
    name: "unmark-mapped",
    examines: "The open question itself: an unmark while superpage entries still exist, an unmap and a page table.",
    options: {
      ...oneDomain,
      before: ["mark", "map-2m-rw"],
      operations: [["unmap-2m"], ["unmark", "pin-1"]],
      steps: [1, 2],
    },
  },
  {
    name: "map-map-unmap",
    examines: "Whether the last unmap, tried again, gives back the references that a map in between relies on.",
    options: {
      ...oneDomain,
      before: ["map-2m-rw"],
      operations: [["unmap-2m"], ["map-2m-rw", "pin-1"]],
      steps: [1, 2],
    },
  },
  {
    name: "mark-mark",
    examines: "Two vCPUs that mark and unmark the same superpage: marks do not nest, and are given back once.",
    options: { ...oneDomain, operations: ["mark", "unmark"], steps: [1, 2] },
  },
  {
    name: "unmark-unmark-pin",
    examines: "Whether a superpage can be unmarked twice, or pinned while it is still held.",
    options: {
      ...oneDomain,
      before: ["mark"],
      operations: [
        ["mark", "unmark"],
        ["unmark", "pin-1"],
      ],
      steps: [1, 2],
    },
  },
  {
    name: "read-only",
    examines: "Read-only superpage entries beside an unmark and a page table in the superpage.",
    options: {
      ...oneDomain,
      before: ["mark"],
      operations: [["map-2m-ro"], ["unmark", "pin-1"]],
      steps: [1, 2],
    },
  },
  {
    name: "small-pages",
    examines: "4 KiB entries to a frame of a superpage that is being mapped as a whole, and a page table in it.",
    options: {
      ...oneDomain,
      operations: [
        ["map-4k-rw-1", "unmap-4k", "pin-1"],
        ["map-2m-rw", "unmap-2m"],
      ],
      steps: [2, 1],
    },
  },
  {
    name: "foreign-map",
    examines: "Whether a domain can map, mark or unmark a superpage that another domain is taking into use.",
    options: {
      ...twoDomains,
      operations: [
        ["map-2m-rw", "mark"],
        ["map-2m-rw", "mark", "unmark"],
      ],
      steps: [1, 2],
    },
  },
  {
    name: "foreign-unmark",
    examines: "Whether a domain can map, mark or unmark a superpage that another domain has marked.",
    options: {
      ...twoDomains,
      before: ["mark"],
      operations: [
        ["map-2m-rw", "unmark"],
        ["map-2m-rw", "mark", "unmark"],
      ],
      steps: [1, 2],
    },
  },
  {
    name: "release",
    examines:
      "A superpage that goes from one domain to another while the first is still mapping it (A-B-A): its last frame is " +
      "released, the other populates and maps it.",
    options: {
      ...twoDomains,
      before: ["release-1"],
      operations: [
        ["release-0", "map-2m-rw"],
        ["populate", "map-2m-rw"],
      ],
      steps: 2,
    },
  },
  {
    name: "destroy",
    examines:
      "A domain that is destroyed with a marked and mapped superpage, which the other domain gets as soon as it is free.",
    options: {
      ...twoDomains,
      before: ["mark", "map-2m-rw"],
      operations: [["destroy"], ["populate"]],
      steps: 1,
    },
  },
  {
    name: "stale-translation",
    examines:
      "Whether a cached superpage translation outlives the unmap and can still write to a page table; the superpage was " +
      "writable before, so that a swap computed before a map, a touch and an unmap still succeeds after them.",
    options: {
      ...oneDomain,
      tlb: true,
      before: ["map-2m-rw", "unmap-2m"],
      operations: [["map-2m-rw", "touch-2m", "unmap-2m"], ["pin-1"]],
      steps: [3, 1],
    },
  },
  {
    name: "preempted-map",
    examines:
      "A map that is preempted between two of its frames while another vCPU maps or marks the superpage, or pins in it.",
    options: {
      ...oneDomain,
      preemptions: 1,
      operations: [["map-2m-rw"], ["map-2m-rw", "mark", "pin-1"]],
      steps: 1,
    },
  },
  {
    name: "preempted-unmap",
    examines:
      "An unmap or unmark that is preempted between two of its frames while another vCPU maps the superpage, or pins in it.",
    options: {
      ...oneDomain,
      preemptions: 1,
      before: ["mark", "map-2m-rw"],
      operations: [
        ["unmap-2m", "unmark"],
        ["map-2m-rw", "pin-1"],
      ],
      steps: [2, 1],
    },
  },
  {
    name: "preempted-destroy",
    examines:
      "An unmap or mark that is preempted and never continued, because the toolstack pauses and destroys the domain; the " +
      "other domain gets the superpage.",
    options: {
      ...twoDomains,
      preemptions: 2,
      before: ["map-2m-rw"],
      operations: [
        ["unmap-2m", "mark"],
        ["destroy-first", "populate"],
      ],
      steps: [1, 2],
    },
  },
  {
    name: "unmark-at-last",
    examines: "Whether the superpage can be unmarked, or is unmarked, once every entry is gone, whatever came before.",
    options: {
      ...oneDomain,
      unmarksAtLast: true,
      before: ["mark", "map-2m-rw"],
      operations: [
        ["unmap-2m", "map-2m-ro"],
        ["unmark", "map-2m-rw"],
      ],
      steps: 1,
    },
  },
  {
    name: "unmark-at-last-lowmem",
    examines: "The same where the kernel's direct map holds a writable reference on each frame of its own.",
    options: {
      ...oneDomain,
      start: "lowmem",
      unmarksAtLast: true,
      before: ["mark", "map-2m-rw"],
      operations: [
        ["unmap-2m", "map-4k-rw-0"],
        ["unmark", "map-2m-rw"],
      ],
      steps: 1,
    },
  },
  {
    name: "every-operation",
    examines: "Any operation of one vCPU beside any of another, on a superpage that nobody uses before.",
    options: { ...oneDomain, operations: everyOperation, steps: 1 },
  },
  {
    name: "every-operation-lowmem",
    examines: "The same where the kernel's direct map holds a writable reference on each frame of its own.",
    options: { ...oneDomain, start: "lowmem", operations: [...everyOperation, "direct-map-ro-1"], steps: 1 },
  },
  {
    name: "every-operation-held",
    examines:
      "Any operation of one vCPU beside any of another, on a superpage that is marked, mapped and shown read-only.",
    options: {
      ...oneDomain,
      before: ["mark", "map-2m-rw", "map-4k-ro-1"],
      operations: everyOperation.filter((name) => !name.includes("pin")),
      steps: 1,
    },
  },
  {
    name: "order-0",
    examines: "Longer sequences of maps, unmaps, an unmark and a page table, on a superpage of a single frame.",
    options: {
      ...oneDomain,
      order: 0,
      before: ["mark"],
      operations: [
        ["map-2m-rw", "unmap-2m"],
        ["unmark", "pin-0", "map-2m-rw"],
      ],
      steps: 2,
    },
  },
  {
    name: "three-unmark-pin",
    examines: "Three vCPUs: one maps the superpage, one unmarks it, one makes a page table of its last frame.",
    options: {
      ...threeVcpus,
      before: ["mark"],
      operations: [["map-2m-rw"], ["unmark"], ["pin-1"]],
      steps: 1,
    },
  },
  {
    name: "three-unmap-pin",
    examines:
      "Three vCPUs: one takes the last entry away, one maps the superpage, one makes a page table of its last frame.",
    options: {
      ...threeVcpus,
      before: ["map-2m-rw"],
      operations: [["unmap-2m"], ["map-2m-rw"], ["pin-1"]],
      steps: 1,
    },
  },
  {
    name: "three-tables",
    examines: "Three vCPUs with an L2 table each: two take their entries away while the third adds one.",
    options: {
      ...threeVcpus,
      before: ["map-2m-rw", "map-2m-rw by vCPU 1"],
      operations: [["unmap-2m"], ["unmap-2m"], ["map-2m-rw"]],
      steps: 1,
    },
  },
  {
    name: "unmap-elsewhere",
    examines: "Entries that are unmapped by another vCPU than the one that mapped them, beside an unmark.",
    options: {
      ...oneDomain,
      before: ["mark", "map-2m-rw-in-first by vCPU 1"],
      operations: [
        ["unmap-2m", "map-2m-rw"],
        ["unmap-2m-in-first", "unmark", "map-2m-rw"],
      ],
      steps: [1, 2],
    },
  },
  {
    name: "destroy-marked",
    examines: "A domain that is destroyed with a marked superpage that was mapped and unmapped again.",
    options: {
      ...twoDomains,
      before: ["mark", "map-2m-rw", "unmap-2m"],
      operations: [["destroy"], ["populate"]],
      steps: 1,
    },
  },
  {
    name: "destroy-mapped-by-other",
    examines: "A domain that is destroyed after another domain has tried to map its superpage.",
    options: {
      ...twoDomains,
      before: ["map-2m-rw", "map-2m-rw by vCPU 1"],
      operations: [["destroy"], ["populate"]],
      steps: 1,
    },
  },
];

/**
 * Finds a model.
 *
 * @throws RangeError naming the models there are.
 */
export function modelByName(name: string): NamedModel {
  const found = namedModels.find((model) => model.name === name);
  if (found === undefined) {
    throw new RangeError(
      `model: "${name}" given, expected one of ${namedModels.map((model) => model.name).join(", ")}`,
    );
  }
  return found;
}

/**
 * A named model under a scheme, ready to explore or replay.
 *
 * @throws RangeError for an unknown scheme.
 */
export function modelUnderScheme(named: NamedModel, scheme: string): Model {
  return superpageModel(named.name, { ...named.options, scheme: schemeByName(scheme) });
}

/** What a token is about. */
export interface TokenModel {
  /** The model of that name, with the bounds that the token has. */
  readonly named: NamedModel;
  readonly scheme: string;
  readonly model: Model;
  readonly parsed: ParsedToken;
}

/** A token of a scheme that is not known here: somebody's own, which has not been added. */
export class UnknownTokenScheme extends RangeError {
  readonly scheme: string;

  constructor(scheme: string) {
    super(`the token was made with the scheme ${scheme}, which is not known here`);
    this.name = "UnknownTokenScheme";
    this.scheme = scheme;
  }
}

/**
 * Finds the model and scheme that a token is of.
 *
 * @throws UnknownTokenScheme when its scheme has to be added first.
 * @throws RangeError when the token is damaged, or of no model in the list.
 */
export function modelOfToken(token: string): TokenModel {
  const parsed = parseToken(token);
  const listed = namedModels.find(({ name }) => modelHash(name) === parsed.modelHash);
  if (listed === undefined) throw new RangeError("the token is of none of the models that are known here");
  const scheme = String(parsed.options["scheme"]);
  if (!knownSchemeNames().includes(scheme)) throw new UnknownTokenScheme(scheme);
  const named = withTokenOptions(listed, parsed.options);
  return { named, scheme, model: modelUnderScheme(named, scheme), parsed };
}
