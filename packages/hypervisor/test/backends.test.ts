import { AccessCounter, type WordsAllocator, allocatePlainWords, allocateSharedWords } from "@xsp/words";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { destroyDomain } from "../src/index.ts";
import { type Step, programs, runStep, tries } from "./random-program.ts";
import { allSchemes, everyWord, guestAt, smallHost } from "./small-host.ts";

function run(scheme: (typeof allSchemes)[number], allocate: WordsAllocator, program: readonly Step[]): string[] {
  const host = smallHost({ scheme, allocate });
  const guests = [guestAt(host, 1, 3), guestAt(host, 4, 3)];
  const answers = program.map((step) => runStep(guests, step, "any"));
  const reached = everyWord(host);
  for (const { domain } of guests) answers.push(destroyDomain(domain));
  return [answers.join(), reached, everyWord(host)];
}

describe.each(allSchemes)("under %s", (scheme) => {
  it("plain, shared and counted words give the same answers and the same words", () => {
    let swapsMade = 0;
    fc.assert(
      fc.property(programs(50), (program) => {
        const counter = new AccessCounter();
        const plain = run(scheme, allocatePlainWords, program);
        expect(run(scheme, allocateSharedWords, program)).toEqual(plain);
        expect(run(scheme, counter.allocate, program)).toEqual(plain);
        const { waits, swaps } = counter.counts();
        swapsMade += swaps;
        // One vCPU runs at a time, so nobody ever waits.
        expect(waits).toBe(0);
      }),
      tries(40),
    );
    expect(swapsMade).toBeGreaterThan(0);
  });
});
