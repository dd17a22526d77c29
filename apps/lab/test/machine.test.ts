import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeFragment } from "../src/route.ts";
import { LabBrowser, hasChromium, seriousIssues } from "./lab-browser.ts";

/** Waits until the machines have done what was asked of them. */
async function idle(page: Page): Promise<void> {
  await page.waitForSelector(".frame-map .legend li");
  await page.waitForFunction(() => document.querySelector(".standing .busy") === null);
}

/** Waits until a part of the host with such a side is drawn. */
function drawn(page: Page, side: number): Promise<unknown> {
  return page.waitForSelector(`canvas[data-drawn$=" ${side}"]`);
}

/** How many different colours the canvas shows. */
function colours(page: Page): Promise<number> {
  return page.evaluate(() => {
    const canvas = document.querySelector("canvas")!;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  });
}

describe.skipIf(!hasChromium)("the machines in a browser", () => {
  let lab: LabBrowser;
  beforeAll(async () => {
    lab = await LabBrowser.start();
  });
  afterAll(() => lab.close());

  test("do the same at the same time, and the ledger shows what each was counted at", async () => {
    const { page, wrongs, open } = await lab.page();
    await open(writeFragment("machine", { gib: 1 }));
    await idle(page);
    for (const name of ["Fill the pool", "Map the region", "Fork"]) {
      await page.getByRole("button", { name, exact: true }).click();
      await idle(page);
    }
    const row = page.locator("tr", { hasText: "general references taken on frames of superpages" });
    const [perFrame = "", sealed = ""] = await row.locator("td").allTextContents();
    expect([perFrame, sealed]).toEqual([(512 * 472).toLocaleString("en"), "0"]);
    expect(page.url()).toContain("do=pool%2Cmap%2Cfork");
    expect(wrongs).toEqual([]);
  });

  test("a scheme from a file runs beside the others, and a file that is none is told so", async () => {
    const { page, wrongs, open } = await lab.page();
    await open(writeFragment("machine", { schemes: "per-frame", gib: 1 }));
    await idle(page);
    await page.getByText("A scheme of your own").click();
    const field = page.locator('input[type="file"]');
    const status = page.locator(".own-scheme [role=status]");
    const choose = (name: string, text: string): Promise<void> =>
      field.setInputFiles({ name, mimeType: "text/javascript", buffer: Buffer.from(text) });
    await choose("half.js", 'export default { name: "half" };\n');
    await expect.poll(() => status.textContent()).toBe("half.js: marks is missing: expected true or false.");
    await field.setInputFiles(
      fileURLToPath(new URL("../../../examples/per-gigabyte-scheme/scheme.js", import.meta.url)),
    );
    await expect.poll(() => status.textContent()).toBe("per-gigabyte is loaded, and listed with the others.");
    await page.getByRole("button", { name: "Build anew" }).click();
    await page.locator("h2", { hasText: "per-gigabyte" }).waitFor();
    await idle(page);
    const press = async (...names: readonly string[]): Promise<void> => {
      for (const name of names) {
        await page.getByRole("button", { name, exact: true }).click();
        await idle(page);
      }
    };
    await press("Fill the pool", "Map the region", "Fork");
    const row = page.locator("tr", { hasText: "general references taken on frames of superpages" });
    expect(await row.locator("td").allTextContents()).toEqual([(512 * 472).toLocaleString("en"), "0"]);
    await press("Audit the counts");
    expect(await page.locator(".standing").textContent()).toContain("Every count equals what exists");
    expect(wrongs).toEqual([]);
  });

  test("a link does again what was done", async () => {
    const { page, open } = await lab.page();
    await open(writeFragment("machine", { schemes: "xen-4.1", gib: 1, do: "pool,map,fork,exec" }));
    await page.waitForFunction(() => document.querySelector(".ledger caption strong")?.textContent === "exec");
    await idle(page);
    expect(await page.locator(".ledger").last().locator("tbody th").allTextContents()).toEqual([
      "boot",
      "fill the pool",
      "map the region",
      "fork",
      "exec",
      "in all",
    ]);
  });

  test("64 GiB are drawn whole, gone into with the keyboard down to a frame, and read by pointing", async () => {
    const { page, wrongs, open } = await lab.page();
    await open(writeFragment("machine", { schemes: "sealed", gib: 64 }));
    await idle(page);
    await drawn(page, 4096);
    expect(await page.getByText("The whole host, 4,096 × 4,096 frames").count()).toBe(1);
    expect(await colours(page)).toBeGreaterThan(2);
    await page.locator("canvas").focus();
    for (let side = 2048; side >= 16; side /= 2) {
      await page.keyboard.press("+");
      await drawn(page, side);
    }
    const card = page.locator(".frame-card code").first();
    const before = await card.textContent();
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction((text) => document.querySelector(".frame-card code")?.textContent !== text, before);
    await page.getByRole("button", { name: "Whole host" }).click();
    await drawn(page, 4096);
    await page.locator("canvas").hover({ position: { x: 300, y: 300 } });
    await page.waitForFunction(() =>
      /^mfn=[0-9a-f]{5,} /.test(document.querySelector(".frame-card code")?.textContent ?? ""),
    );
    expect(wrongs).toEqual([]);
  });

  test("are built anew when asked to, with the same settings too", async () => {
    const { page, open } = await lab.page();
    await open(writeFragment("machine", { schemes: "sealed", gib: 1, do: "pool" }));
    for (let time = 0; time < 2; time++) {
      await page.waitForFunction(() => document.querySelector(".frame-map") !== null);
      await idle(page);
      await page.getByRole("button", { name: "Build anew" }).click();
      await page.waitForFunction(() => document.querySelector(".ledger caption strong")?.textContent === "boot");
      expect(await page.getByRole("button", { name: "Fill the pool" }).isEnabled()).toBe(true);
      await page.getByRole("button", { name: "Fill the pool" }).click();
      await page.waitForFunction(
        () => document.querySelector(".ledger caption strong")?.textContent === "fill the pool",
      );
    }
  });

  test("can be cancelled while they work, and built again", async () => {
    const { page, wrongs, open } = await lab.page();
    await open(writeFragment("machine", { schemes: "sealed", gib: 16 }));
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Build again" }).click();
    await idle(page);
    expect(await page.locator(".frame-map").count()).toBe(1);
    expect(wrongs).toEqual([]);
  });

  test.each([
    ["light", 1280],
    ["dark", 390],
  ] as const)("have no serious issue of accessibility, %s at %i pixels", async (colorScheme, width) => {
    const { page, wrongs, open } = await lab.page({ colorScheme, width, reducedMotion: "reduce" });
    await open(writeFragment("machine", { gib: 1, do: "pool" }));
    await idle(page);
    expect(await seriousIssues(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    expect(wrongs).toEqual([]);
  });
});
