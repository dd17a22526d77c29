import { AccessCounter, allocatePlainWords } from "@xsp/words";
import fc from "fast-check";
import { expect, it } from "vitest";
import { SEALED_max_uses } from "../../src/sealed-info.ts";
import { sealedWithout } from "../../src/index.ts";
import { type SmallGuest, everyWord, guestAt, smallHost } from "../small-host.ts";

/*
 * `sealed` asks before everything else whether a map is one swap. Without the check "decided afresh", which matters only
 * when another vCPU comes in between, it is the same scheme and never asks: the two must not differ in anything.
 */

interface Watched extends SmallGuest {
  readonly accesses: () => unknown;
}

function watched(scheme: "sealed" | "general"): Watched {
  const counter = new AccessCounter();
  const host = smallHost({
    scheme: scheme === "sealed" ? "sealed" : sealedWithout("decided afresh in map and mark"),
    superpages: 3,
    allocate: (length, name) => (name === "superpage" ? counter.allocate(length, name) : allocatePlainWords(length)),
  });
  return { ...guestAt(host, 1, 2), accesses: () => counter.counts() };
}

const step = fc.record({
  kind: fc.constantFrom("map", "map", "map", "unmap", "mark", "unmark"),
  writable: fc.boolean(),
  which: fc.nat(1),
  times: fc.constantFrom(1, 1, 1, SEALED_max_uses),
});

it("a map that is one swap is what the general path would have done, access by access", () => {
  let swaps = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const quick = watched("sealed");
      const general = watched("general");
      const mapped = new Map<string, number>();
      for (const { kind, writable, which, times } of steps) {
        const head = quick.start + which * 4;
        const key = `${which} ${writable}`;
        for (let i = 0; i < times; i++) {
          // Only entries that exist are ever unmapped: the hypercalls see to that.
          if (kind === "unmap" && (mapped.get(key) ?? 0) === 0) break;
          const [one, other] = [quick, general].map(({ host, vcpu, domain }) => {
            if (kind === "map") return host.scheme.map(vcpu, domain, head, writable, false);
            if (kind === "unmap") return host.scheme.unmap(vcpu, head, writable, false);
            return kind === "mark"
              ? host.scheme.mark(vcpu, domain, head, false)
              : host.scheme.unmark(vcpu, domain, head, false);
          });
          if (one !== other)
            expect({ kind, writable, times: i, rc: one }).toEqual({ kind, writable, times: i, rc: other });
          if (one !== 0) break;
          if (kind === "map") mapped.set(key, (mapped.get(key) ?? 0) + 1);
          if (kind === "unmap") mapped.set(key, (mapped.get(key) ?? 0) - 1);
        }
        expect(everyWord(quick.host)).toBe(everyWord(general.host));
        expect(quick.host.perf).toEqual(general.host.perf);
        expect(quick.accesses()).toEqual(general.accesses());
      }
      swaps += quick.host.perf.superpageGets;
    }),
    { numRuns: 150, seed: 2010 },
  );
  expect(swaps).toBeGreaterThan(1000);
});
