import { isLoginStorm, readScenario, runScenario, shippedScenarios } from "@xsp/scenario";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeFragment } from "../src/route.ts";
import { LabBrowser, hasChromium, seriousIssues } from "./lab-browser.ts";

const stepScenarios = Object.entries(shippedScenarios).filter(([file, text]) => {
  const scenario = readScenario(text, { file });
  return !isLoginStorm(scenario) && scenario.host.memoryBytes <= 72 * 2 ** 30;
});

/** Waits until the scenarios are listed. */
function listed(page: Page): Promise<unknown> {
  return page.waitForFunction(() => (document.querySelector("select")?.options.length ?? 0) > 1);
}

describe.skipIf(!hasChromium)("a scenario in a browser", () => {
  let lab: LabBrowser;
  beforeAll(async () => {
    lab = await LabBrowser.start();
  });
  afterAll(() => lab.close());

  test("runs command by command under two schemes, and the commands are those of the runner", async () => {
    const { page, wrongs, open } = await lab.page();
    await open(writeFragment("scenario", { name: "pool-shrink", schemes: "per-frame,sealed" }));
    await listed(page);
    await page.getByRole("button", { name: "Run" }).click();
    await page.waitForSelector(".transcript");
    const scenario = readScenario(shippedScenarios["pool-shrink"] ?? "", { file: "pool-shrink" });
    const { steps } = runScenario(scenario, { scheme: "sealed", now: () => 0 });
    const sealed = page.getByRole("region", { name: "Under sealed" });
    expect(await sealed.locator(".command").allTextContents()).toEqual(steps.flatMap(({ commands }) => commands));
    expect(await sealed.locator(".cost").count()).toBe(steps.filter(({ operation }) => operation !== undefined).length);
    expect(await page.getByText(/^All \d+ things that the file expects came true/).count()).toBe(2);
    expect(await page.getByText("The audit found every count right.").count()).toBe(2);
    expect(await seriousIssues(page)).toEqual([]);
    expect(wrongs).toEqual([]);
  });

  test("can be started where the button stands, also before the list is there", async () => {
    const { page, open } = await lab.page();
    await open(writeFragment("scenario", { name: "fork-64g-private" }));
    const button = page.getByRole("button", { name: "Run" });
    const early = await button.boundingBox();
    await listed(page);
    expect(await button.boundingBox()).toEqual(early);
  });

  test("of 64 GiB says how far it is, and can be cancelled", async () => {
    const { page, wrongs, open } = await lab.page();
    await open(writeFragment("scenario", { name: "fork-64g-private", schemes: "sealed" }));
    await listed(page);
    await page.getByText("Its host has 68 GiB.").waitFor();
    await page.getByRole("button", { name: "Run" }).click();
    await page.locator(".progress", { hasText: /boot|pool|steps/ }).waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("Cancelled.").waitFor();
    expect(await page.locator(".progress").count()).toBe(0);
    expect(wrongs).toEqual([]);
  });

  test("that there is not is named, and the usual one is offered", async () => {
    const { page, open } = await lab.page();
    await open(writeFragment("scenario", { name: "fork-64t" }));
    expect(await page.locator(".problem").textContent()).toContain("name=fork-64t");
    expect(await page.getByLabel("Scenario").inputValue()).toBe("pool-shrink");
  });

  test("is chosen from those that fit into a page, and is usable at 390 pixels in the dark", async () => {
    const { page, wrongs, open } = await lab.page({ colorScheme: "dark", width: 390 });
    await open(writeFragment("scenario"));
    await listed(page);
    const [choice] = await page.getByLabel("Scenario").all();
    expect(await choice?.locator("option").allTextContents()).toEqual(stepScenarios.map(([name]) => name));
    await choice?.selectOption("snapshot-torn");
    expect(page.url()).toContain("name=snapshot-torn");
    await page.getByRole("button", { name: "Run" }).click();
    await page.waitForSelector(".transcript .refused");
    expect(await seriousIssues(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    expect(wrongs).toEqual([]);
  });
});
