import { encodeToken } from "@xsp/checker";
import { schemeNames } from "@xsp/hypervisor";
import { describe, expect, test } from "vitest";
import { boundsOf } from "../../src/models/model-check.ts";
import { modelUnderScheme, type NamedModel, namedModels } from "../../src/models/model-list.ts";
import { PlannedRun } from "../../src/stress/planned-run.ts";
import { type StressPlan, stressPlan } from "../../src/stress/stress-plan.ts";
import { consecutiveWords, stressMemory } from "../../src/stress/stress-thread.ts";

/** Every sequence of so many choices. */
function sequences(ways: number, length: number): number[][] {
  if (length === 0) return [[]];
  return sequences(ways, length - 1).flatMap((head) => Array.from({ length: ways }, (_, way) => [...head, way]));
}

/** A plan for each combination of what the vCPUs of a model may do. */
function plansOf(named: NamedModel, scheme: string): StressPlan[] {
  const { operations, steps } = boundsOf(named);
  const empty = stressPlan(encodeToken(modelUnderScheme(named, scheme), []));
  const each = operations.map((names, vcpu) => sequences(names.length, steps[vcpu] ?? 0));
  const combined = each.reduce<number[][][]>(
    (heads, tails) => heads.flatMap((head) => tails.map((tail) => [...head, tail])),
    [[]],
  );
  return combined.map((choices) => ({
    ...empty,
    choices,
    operations: choices.map((chosen, vcpu) => chosen.map((choice) => operations[vcpu]?.[choice] ?? "")),
  }));
}

/** What is left after a plan whose vCPUs take turns, operation by operation; `runOf` says who runs which vCPU. */
function leftAfter(memory: Int32Array, runOf: (vcpu: number) => PlannedRun, vcpus: number): unknown {
  for (let turn = 0, idle = 0; idle < vcpus; turn++) {
    const vcpu = turn % vcpus;
    const run = runOf(vcpu);
    idle = run.hasNext(vcpu) ? 0 : idle + 1;
    if (run.hasNext(vcpu)) run.performNext(vcpu);
  }
  const all = Array.from({ length: vcpus }, (_, vcpu) => vcpu);
  const broken = runOf(0).broken(all.map((vcpu) => runOf(vcpu).local(vcpu)));
  return { memory: [...memory], results: all.map((vcpu) => runOf(vcpu).results(vcpu)), broken };
}

describe.each(schemeNames)("under %s", (scheme) => {
  test.each(namedModels.map((named) => [named.name, named] as const))(
    "%s: a machine for each vCPU over the same words is one machine",
    (_, named) => {
      for (const plan of plansOf(named, scheme)) {
        const buffer = stressMemory(plan);
        const memory = new Int32Array(buffer);
        const build = (): PlannedRun => {
          memory.fill(0);
          return new PlannedRun(plan, consecutiveWords(buffer));
        };
        const one = build();
        const initial = memory.slice();
        const together = leftAfter(memory, () => one, one.vcpus);
        const apart = Array.from({ length: one.vcpus }, build);
        // Each was built over the words of the one before, and left them as it found them.
        expect(memory).toEqual(initial);
        expect(leftAfter(memory, (vcpu) => apart[vcpu] ?? one, one.vcpus)).toEqual(together);
      }
    },
  );
});
