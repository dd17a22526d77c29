import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { InternedModel } from "./interned-model.ts";

const WALKS = 200;
const MOST_STEPS = 2000;
/** Walks on which properties look too. */
const LOOKS = 5;

/**
 * Walks through a model at random, always in the same ways, so that most of its code has been run, and most of what its
 * properties look at is known, before an exploration begins that goes by it.
 *
 * @param properties - names of those that will be looked at.
 */
export function scout(interned: InternedModel, properties: readonly string[]): void {
  const random = xoroshiro128plus(1);
  const watched = interned.compiled.properties
    .map(({ name, kind }, property) => ({ name, kind, property }))
    .filter(({ name, kind }) => properties.includes(name) && (kind === "always" || kind === "sometimes"));
  for (let walk = 0; walk < WALKS; walk++) {
    const fields = interned.initialFields();
    for (let step = 0; step < MOST_STEPS; step++) {
      if (walk < LOOKS) for (const { property } of watched) interned.forest.run(property, fields);
      const able: number[] = [];
      for (let vcpu = 0; vcpu < interned.vcpus; vcpu++) if (interned.ways(fields, vcpu) > 0) able.push(vcpu);
      if (able.length === 0) break;
      const vcpu = able[uniformInt(random, 0, able.length - 1)] as number;
      interned.move(fields, vcpu, uniformInt(random, 0, interned.ways(fields, vcpu) - 1));
    }
  }
}
