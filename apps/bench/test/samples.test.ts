import fc from "fast-check";
import { expect, test } from "vitest";
import { joinSamples, samplesOf } from "../src/samples.ts";

const measurements = fc.array(fc.double({ min: 0, max: 1e12, noNaN: true }), { minLength: 1, maxLength: 40 });

test("each quantile is a sample, and they stand in order", () => {
  fc.assert(
    fc.property(measurements, (values) => {
      const { min, lowerQuartile, median, upperQuartile, max } = samplesOf(values);
      const quantiles = [min, lowerQuartile, median, upperQuartile, max];
      expect(quantiles).toEqual(quantiles.toSorted((a, b) => a - b));
      for (const quantile of quantiles) expect(values).toContain(quantile);
      expect([min, max]).toEqual([Math.min(...values), Math.max(...values)]);
    }),
  );
});

test("keeps the samples in the order in which they were taken", () => {
  expect(samplesOf([3, 1, 2]).values).toEqual([3, 1, 2]);
  expect(joinSamples([samplesOf([3, 1]), samplesOf([2])]).values).toEqual([3, 1, 2]);
});

test("refuses to speak of no samples", () => {
  expect(() => samplesOf([])).toThrow("expected at least one");
});
