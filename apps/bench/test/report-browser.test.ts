import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, noChromium } from "../../../scripts/chromium.mjs";
import { writeResultFiles } from "../src/result-files.ts";
import { smallResult } from "./small-result.ts";

if (chromiumPath === undefined) console.warn(noChromium);

/** Every number anywhere in the JSON. */
function numbersIn(value: unknown, found: Set<number> = new Set()): Set<number> {
  if (typeof value === "number") found.add(value);
  else if (typeof value === "object" && value !== null) for (const part of Object.values(value)) numbersIn(part, found);
  return found;
}

describe.skipIf(chromiumPath === undefined)("the report in a browser", () => {
  let browser: Browser;
  let address: string;
  let json: unknown;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), "xsp-report-"));
    await writeResultFiles(folder, smallResult());
    address = pathToFileURL(join(folder, "report.html")).href;
    json = JSON.parse(await readFile(join(folder, "report.json"), "utf8"));
    // The sandbox needs rights that a container seldom gives; the page is our own file.
    browser = await chromium.launch({ executablePath: chromiumPath ?? "", args: ["--no-sandbox"] });
  }, 120_000);

  afterAll(() => browser.close());

  async function open(
    options: { colorScheme?: "light" | "dark"; width?: number; scripts?: boolean },
    messages: string[] = [],
  ): Promise<Page> {
    const { colorScheme = "light", width = 1280, scripts = true } = options;
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 }, javaScriptEnabled: scripts });
    page.on("console", (message) => messages.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => messages.push(String(error)));
    page.on("request", (request) => {
      if (request.url() !== address && !request.url().startsWith("data:")) messages.push(`loads ${request.url()}`);
    });
    await page.goto(address);
    return page;
  }

  test.each([
    ["light", 1280],
    ["light", 390],
    ["dark", 1280],
    ["dark", 390],
  ] as const)(
    "opens in %s at %i pixels, says nothing on the console and fits the screen",
    async (colorScheme, width) => {
      const messages: string[] = [];
      const page = await open({ colorScheme, width }, messages);
      expect(await page.title()).toContain("64 MiB");
      expect(messages).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      // Of each chart the drawing that suits the screen is shown, and only that.
      const charts = await page.locator("figure").count();
      expect(charts).toBeGreaterThan(5);
      expect(await page.locator("figure .chart:visible").count()).toBe(charts);
      await page.close();
    },
  );

  test("is all there without scripts", async () => {
    const page = await open({ scripts: false });
    expect(await page.locator("section").count()).toBe(9);
    await page.locator("summary").first().click();
    expect(await page.locator("details table").first().isVisible()).toBe(true);
    await page.close();
  });

  test("every number in it also stands in the JSON, and is shown as what it is", async () => {
    const page = await open({});
    const shown = await page.evaluate<readonly (readonly [value: number, text: string])[]>(
      `[...document.querySelectorAll("data, [data-value]")].map((node) =>
        [Number(node.getAttribute("value") ?? node.dataset.value), node.textContent])`,
    );
    expect(shown.length).toBeGreaterThan(300);
    const known = numbersIn(json);
    expect(shown.filter(([value]) => !known.has(value))).toEqual([]);
    expect(shown.filter(([value, text]) => !isTextOf(text, value))).toEqual([]);
    await page.close();
  });

  test("no digit stands outside of figures, names, code, headings and the ticks of axes", async () => {
    const page = await open({});
    const stray = await page.evaluate(`(() => {
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const exempt = "data, [data-value], .name, .tick, code, th, h1, h2, h3, summary, figcaption, nav, style";
      const found = [];
      for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
        if (/[0-9]/.test(node.data) && node.parentElement.closest(exempt) === null) found.push(node.data);
      }
      return found;
    })()`);
    expect(stray).toEqual([]);
    await page.close();
  });

  test.each(["light", "dark"] as const)(
    "has a contrast of at least 4.5 between its texts and their ground in %s",
    async (colorScheme) => {
      const page = await open({ colorScheme });
      const low = await page.evaluate(`(() => {
      const luminance = (color) => {
        const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((part) => {
          const value = Number(part) / 255;
          return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ground = luminance(getComputedStyle(document.body).backgroundColor);
      return [...document.querySelectorAll("p, a, td, th, h1, h2, h3, summary, figcaption, code, text")].flatMap((node) => {
        const style = getComputedStyle(node);
        const ink = luminance(node instanceof SVGElement ? style.fill : style.color);
        const contrast = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
        return contrast < 4.5 ? [node.tagName + " " + node.textContent.slice(0, 40) + " " + contrast.toFixed(2)] : [];
      });
    })()`);
      expect(low).toEqual([]);
      await page.close();
    },
  );
});

const units: Readonly<Record<string, number>> = {
  "": 1,
  x: 1,
  "/s": 1,
  "M/s": 1e6,
  ns: 1,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Whether a text gives a number to three figures. A time may stand in the JSON in seconds as well. */
function isTextOf(text: string, value: number): boolean {
  const [, digits = "", unit = ""] = /^([\d.,e+-]+) ?([^\d]*)$/.exec(text) ?? [];
  const factor = units[unit];
  if (factor === undefined) return false;
  const said = Number(digits.replaceAll(",", "")) * factor;
  return [value, value * 1e9].some((of) => Math.abs(said - of) <= Math.abs(of) * 0.006);
}
