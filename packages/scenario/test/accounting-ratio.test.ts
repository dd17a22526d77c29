import { describe, expect, test } from "vitest";
import { costProfiles, frameCost, profileNames, ratioAtWork, ratioOverWork, workForRatio } from "../src/index.ts";

describe.each(profileNames)("R under the profile %s", (name) => {
  const profile = costProfiles[name];
  const ratios = ratioOverWork(profile).map(({ ratio }) => ratio);

  test("falls as the common work grows", () => {
    expect(ratios).toEqual([...ratios].sort((a, b) => b - a));
    expect(ratios.at(-1)).toBeGreaterThan(1);
  });

  test("is 50 at a common work of about ten frames' counting", () => {
    const work = workForRatio(profile, 50);
    const counting = 512 * frameCost(profile);
    const superpage = profile.prices.superpageGets.ns;
    expect((work + counting) / (work + superpage)).toBeCloseTo(50, 6);
    expect(ratioAtWork(profile, work)).toBeCloseTo(50, 6);
    expect(work / frameCost(profile)).toBeGreaterThan(8);
    expect(work / frameCost(profile)).toBeLessThan(12);
  });
});
