import { profileNames, schemeNames } from "@xsp/scenario";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isBroken, readFragment, writeFragment } from "../src/route.ts";
import { deadlines, loginCounts, readStorm, regionSizes, stormFields } from "../src/storm/storm-settings.ts";
import { LabBrowser, hasChromium, seriousIssues } from "./lab-browser.ts";

test("what a link to a storm says is read back", () => {
  const anything = fc.record({
    schemes: fc.subarray([...schemeNames], { minLength: 1, maxLength: 2 }),
    gib: fc.constantFrom(...regionSizes),
    logins: fc.constantFrom(...loginCounts),
    deadline: fc.constantFrom(...deadlines),
    profile: fc.constantFrom(...profileNames),
  });
  fc.assert(
    fc.property(anything, (settings) => {
      const place = readFragment(writeFragment("storm", stormFields(settings)));
      expect(isBroken(place) ? place : readStorm(place.fields)).toEqual(settings);
    }),
  );
});

describe.skipIf(!hasChromium)("a storm in a browser", () => {
  let lab: LabBrowser;
  beforeAll(async () => {
    lab = await LabBrowser.start();
  });
  afterAll(() => lab.close());

  test("runs under two schemes, and shows who was answered in time", async () => {
    const { page, wrongs, open } = await lab.page();
    await open(writeFragment("storm", { gib: 1, logins: 30, deadline: "1s" }));
    await page.getByRole("button", { name: "Run" }).click();
    await page.waitForSelector(".timeline canvas");
    // Axes, grid, the deadline and a line for each of the schemes: each has a colour of its own.
    const colours = await page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>(".timeline canvas")!;
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      const seen = new Map<string, number>();
      for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] !== 255) continue;
        const colour = `rgb(${data[at]}, ${data[at + 1]}, ${data[at + 2]})`;
        seen.set(colour, (seen.get(colour) ?? 0) + 1);
      }
      return [...seen].filter(([, dots]) => dots > 100).map(([colour]) => colour);
    });
    expect(colours).toEqual(expect.arrayContaining(["rgb(154, 70, 0)", "rgb(26, 90, 153)"]));
    const inTime = await page.locator("tr", { hasText: "answered in time" }).locator("td").allTextContents();
    // A fork and an exec of 1 GiB are a 64th of 2 × 1.58 s under per-frame: 20 of them fit into a second.
    expect(inTime[1]).toBe("30 of 30");
    expect(Number.parseInt(inTime[0] ?? "", 10)).toBeLessThan(30);
    expect(await page.locator("tr", { hasText: "the audit found" }).locator("td").allTextContents()).toEqual([
      "0",
      "0",
    ]);
    expect(await seriousIssues(page)).toEqual([]);
    expect(wrongs).toEqual([]);
  });

  test("tells how far it is, can be cancelled, and is usable at 390 pixels in the dark", async () => {
    const { page, wrongs, open } = await lab.page({ colorScheme: "dark", width: 390 });
    await open(writeFragment("storm", { schemes: "sealed", gib: 64, logins: 10 }));
    await page.getByRole("button", { name: "Run" }).click();
    await page.waitForSelector("progress");
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("Cancelled.").waitFor();
    expect(await seriousIssues(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    expect(wrongs).toEqual([]);
  });
});
