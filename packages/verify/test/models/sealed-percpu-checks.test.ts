import { readFileSync } from "node:fs";
import { explore } from "@xsp/checker";
import { EINVAL, type Scheme, type SlotCheck, sealedPercpuVariant, slotChecks } from "@xsp/hypervisor";
import { PlainWords } from "@xsp/words";
import { describe, expect, test } from "vitest";
import { type CheckedProperty, propertyName } from "../../src/models/model-check.ts";
import { modelByName } from "../../src/models/model-list.ts";
import { buildSuperpageMachine } from "../../src/models/superpage-machine.ts";
import { type SuperpageModelOptions, superpageModel } from "../../src/models/superpage-model.ts";

/*
 * What `sealed-percpu` adds to `sealed`, explored where it matters: with fewer slots than vCPUs, so that vCPUs share them,
 * which no model of the matrix has; and with each of its own checks taken out. The second table in docs/sealed.md is
 * compared with what is found here.
 */

const one = { vcpuDomains: [0, 0], order: 1, start: "highmem" } as const;
const two = { ...one, vcpuDomains: [0, 1] } as const;
const three = { ...one, vcpuDomains: [0, 0, 0] } as const;

interface Case {
  readonly slots: number;
  readonly broken: CheckedProperty;
  readonly model: Omit<SuperpageModelOptions, "scheme">;
}

const cases: Readonly<Partial<Record<SlotCheck, Case>>> = {
  "owner of the slot": {
    slots: 1,
    broken: "S4",
    model: { ...two, before: ["mark", "map-2m-rw"], operations: ["map-2m-rw"], steps: [0, 1] },
  },
  "use before the count": {
    slots: 1,
    broken: "S1",
    model: { ...one, operations: [["map-2m-rw"], ["map-2m-rw", "pin-1"]], steps: [1, 2] },
  },
  "spare use given back": { slots: 1, broken: "S3", model: { ...one, operations: ["map-2m-rw"], steps: 1 } },
  "count before the use": {
    slots: 1,
    broken: "S3",
    model: { ...one, before: ["map-2m-rw"], operations: [["unmap-2m"], ["map-2m-rw"]], steps: 1 },
  },
  "looked through again": {
    slots: 2,
    broken: "S2",
    model: {
      ...three,
      before: ["map-2m-rw-in-first by vCPU 1"],
      operations: [["unmap-2m"], ["unmap-2m-in-last"], ["map-2m-rw"]],
      steps: 1,
    },
  },
  "kept while marked only": {
    slots: 2,
    broken: "S3",
    model: { ...one, before: ["map-2m-rw"], operations: ["unmap-2m"], steps: [1, 0] },
  },
  "mark looked at again": {
    slots: 2,
    broken: "S3",
    model: { ...one, before: ["mark", "map-2m-rw"], operations: [["unmap-2m"], ["clear-mark"]], steps: 1 },
  },
  "kept uses before an unmark": {
    slots: 2,
    broken: "S6",
    model: {
      ...one,
      unmarksAtLast: true,
      before: ["mark", "map-2m-rw"],
      operations: ["unmap-2m"],
      steps: [1, 0],
    },
  },
  "kept uses after a destruction's unmark": {
    slots: 2,
    broken: "S3",
    model: { ...one, before: ["mark", "map-2m-rw", "unmap-2m"], operations: ["clear-mark"], steps: [0, 1] },
  },
  "kept uses after a refused mark": {
    slots: 2,
    broken: "S3",
    model: { ...one, before: ["map-2m-rw", "begin-to-die"], operations: [["unmap-2m"], ["mark"]], steps: 1 },
  },
};

// S5 is about whole destructions, of which these models have a part.
const properties = ["S1", "S2", "S3", "S4", "deadlock"];

function findBroken(
  model: Omit<SuperpageModelOptions, "scheme">,
  scheme: Scheme,
): { property: string; depth: number } | undefined {
  const result = explore(superpageModel("sealed-percpu-checks", { ...model, scheme }), {
    properties: model.unmarksAtLast === true ? [...properties, "S6"] : properties,
    until: "first-violation",
  });
  expect(result.reason).toBe(undefined);
  const [nearest] = result.violations;
  return nearest && { property: propertyName(nearest.property), depth: nearest.depth };
}

const rows: string[] = [];

describe("sealed-percpu", () => {
  test.each(Object.entries(cases))("needs: %s", (name, { slots, broken, model }) => {
    const check = name as SlotCheck;
    const found = findBroken(model, sealedPercpuVariant(slots, check));
    expect(found?.property).toBe(broken);
    expect(findBroken(model, sealedPercpuVariant(slots))).toBe(undefined);
    rows.push(`| ${check} | ${slots} | ${broken} | ${found?.depth} |`);
  });

  test("needs: count of the slot at its limit", () => {
    const oneMore = (scheme: Scheme): { rc: number; kept: boolean } => {
      const allocate = (length: number): PlainWords => new PlainWords(length);
      const { host, vcpus, heads } = buildSuperpageMachine({ ...one, scheme, tlb: false, allocate });
      const [vcpu] = vcpus;
      const [head] = heads;
      if (vcpu === undefined || head === undefined) throw new Error("the machine has no vCPU or no superpage");
      const map = (): number => scheme.map(vcpu, vcpu.domain, head, true, false);
      for (let entry = 0; entry < 0x7f_ffff; entry++) if (map() !== 0) throw new Error(`entry ${entry} was refused`);
      const counted = scheme.state(host, head).count;
      expect(counted).toBe(0x7f_ffff);
      return { rc: map(), kept: scheme.state(host, head).count === counted };
    };
    expect(oneMore(sealedPercpuVariant(1))).toEqual({ rc: -EINVAL, kept: true });
    expect(oneMore(sealedPercpuVariant(1, "count of the slot at its limit"))).toEqual({ rc: 0, kept: false });
  });

  // Two vCPUs of one slot, and Xen's own. Three vCPUs of one slot, or of two.
  test.each([
    ["map-unmark-pin", 1],
    ["map-map-unmap", 1],
    ["mark-mark", 1],
    ["read-only", 1],
    ["foreign-map", 1],
    ["foreign-unmark", 1],
    ["preempted-map", 1],
    ["preempted-unmap", 1],
    ["preempted-destroy", 1],
    ["stale-translation", 1],
    ["destroy", 1],
    ["unmark-at-last", 1],
    ["unmap-elsewhere", 1],
    ["order-0", 1],
    ["three-tables", 1],
    ["three-tables", 2],
  ])("holds in %s with %i slots", (name, slots) => {
    const scheme = sealedPercpuVariant(slots);
    const result = explore(superpageModel(name, { ...modelByName(name).options, scheme }), {
      until: "every-property",
      reduction: "independent",
    });
    expect([result.reason, result.violations]).toEqual([undefined, []]);
  });

  // Not in the matrix: under rfc, which breaks, it has ten million states.
  test.each([1, 2, 3])(
    "holds where one vCPU unmaps the last entry, one unmarks and one maps, with %i slots",
    (slots) => {
      const operations = [["unmap-2m"], ["unmark"], ["map-2m-rw"]];
      const model = { ...three, before: ["mark", "map-2m-rw"], operations, steps: 1 };
      expect(findBroken(model, sealedPercpuVariant(slots))).toBe(undefined);
    },
  );

  test.each([
    ["a destruction clears the mark, one vCPU unmaps the last entry and one maps or unmarks", ["mark", "map-2m-rw"]],
    ["a destruction clears the mark of a superpage whose use is kept", ["mark", "map-2m-rw", "unmap-2m"]],
  ])("holds where %s", (_, before) => {
    const operations = [["unmap-2m"], ["clear-mark"], ["map-2m-rw", "unmark"]];
    for (const slots of [1, 2]) {
      expect(findBroken({ ...three, before, operations, steps: 1 }, sealedPercpuVariant(slots))).toBe(undefined);
    }
  });
});

test("every check has its place here", () => {
  expect([...Object.keys(cases), "count of the slot at its limit"].toSorted()).toEqual([...slotChecks].toSorted());
});

test("docs/sealed.md says what is found", () => {
  const page = readFileSync(new URL("../../../../docs/sealed.md", import.meta.url), "utf8");
  const written = page.split("\n").filter((line) => /^\| .* \| \d \| S\d \| \d+ \|$/.test(line));
  expect(written).toEqual(rows);
});
