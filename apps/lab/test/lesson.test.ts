import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeFragment } from "../src/route.ts";
import { LabBrowser, hasChromium, seriousIssues } from "./lab-browser.ts";

/** What each experiment has to show, by the name of its button. */
const experiments: readonly (readonly { readonly button: RegExp; readonly shows: readonly RegExp[] }[])[] = [
  [
    {
      button: /Fork it/,
      shows: [/type references taken on frames\s*967,680/, /hugepages that the process maps\s*1,890/],
    },
  ],
  [
    {
      button: /Look at one frame/,
      shows: [/before the fork\s*mfn=80007 .*count 3, writable 2/, /after it\s*mfn=80007 .*count 4, writable 3/],
    },
  ],
  [
    {
      button: /Fork under both/,
      shows: [/general references taken on frames\s*967,680\s*0/, /superpages counted up\s*0\s*1,890/],
    },
  ],
  [{ button: /Make the hypercalls/, shows: [/unmark\(\) = 0/, /S1 breaks/] }],
  [{ button: /Replay the race/, shows: [/vCPU 1/, /0\s*of 47/] }],
  [
    { button: /Make the hypercalls/, shows: [/unmark\(\) = -EBUSY/, /superpage entries still exist/] },
    { button: /Explore every interleaving/, shows: [/order-0 under sealed: holds/, /S1 holds/] },
  ],
];

/** Runs every experiment of the step that is open. */
async function runAll(page: Page, step: number): Promise<void> {
  for (const [index, { button, shows }] of (experiments[step - 1] ?? []).entries()) {
    const experiment = page.locator(".experiment").nth(index);
    await experiment.getByRole("button", { name: button }).click();
    await experiment.getByRole("button", { name: /again$/ }).waitFor();
    const text = (await experiment.innerText()).replaceAll(/\s+/g, " ");
    for (const pattern of shows) expect(text).toMatch(pattern);
  }
}

describe.skipIf(!hasChromium)("the lesson in a browser", () => {
  let lab: LabBrowser;
  beforeAll(async () => {
    lab = await LabBrowser.start();
  });
  afterAll(() => lab.close());

  test("goes from start to end, and each of its steps runs", async () => {
    const { page, wrongs, open } = await lab.page();
    await open("");
    await page.getByRole("link", { name: /Begin with the lesson/ }).click();
    for (let step = 1; step <= 6; step++) {
      await page.waitForSelector(`.stations a[aria-current=step]:text-is("${step}")`);
      await runAll(page, step);
      if (step < 6) await page.getByRole("link", { name: /^Next/ }).click();
    }
    await page.getByRole("link", { name: /Now try to break in/ }).click();
    await page.getByRole("heading", { name: "Try to break in" }).waitFor();
    expect(wrongs).toEqual([]);
  });

  test.each([
    ["light", 1280],
    ["dark", 390],
  ] as const)("has no serious issue of accessibility, %s at %i pixels", async (colorScheme, width) => {
    const { page, wrongs, open } = await lab.page({ colorScheme, width, reducedMotion: "reduce" });
    for (const step of [2, 4, 5]) {
      await open(writeFragment("lesson", { step }));
      await page.waitForSelector(`.stations a[aria-current=step]:text-is("${step}")`);
      await runAll(page, step);
      expect(await seriousIssues(page), `step ${step}`).toEqual([]);
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(sideways, `step ${step} is wider than the window`).toBeLessThanOrEqual(0);
    }
    expect(wrongs).toEqual([]);
  });
});
