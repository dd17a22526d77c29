import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { storyOf } from "../src/model/story.ts";
import { writeFragment } from "../src/route.ts";
import { tokenOf } from "./gallery.ts";
import { LabBrowser, hasChromium, seriousIssues } from "./lab-browser.ts";

describe.skipIf(!hasChromium)("the stepper in a browser", () => {
  let lab: LabBrowser;
  beforeAll(async () => {
    lab = await LabBrowser.start();
  });
  afterAll(() => lab.close());

  const token = tokenOf("rfc", "S1");
  const story = storyOf(token);

  test("steps forth and back in the words of the command line", async () => {
    const { page, wrongs, open } = await lab.page();
    await open(writeFragment("step", { token, at: 0 }));
    const now = async (at: number): Promise<string> => {
      const counted = `${at} of ${story.steps.length}`;
      await page.waitForFunction((text) => document.querySelector("output.count")?.textContent === text, counted);
      return (await page.locator(".detail .now code").textContent()) ?? "";
    };
    const seen: string[] = [];
    for (const at of story.steps.keys()) {
      await page.keyboard.press("ArrowRight");
      seen.push(await now(at + 1));
    }
    expect(seen).toEqual(story.steps.map(({ text }) => text));
    const back: string[] = [];
    for (let at = story.steps.length - 1; at > 0; at--) {
      await page.keyboard.press("ArrowLeft");
      back.unshift(await now(at));
    }
    expect(back).toEqual(seen.slice(0, -1));
    const verdict = await page.locator(".verdict").first().textContent();
    expect(verdict).toContain(story.violated[0]?.meaning);
    expect(wrongs).toEqual([]);
  });

  test("a link leads to the same step, and what is done next is in the link", async () => {
    const { page, open } = await lab.page();
    await open(writeFragment("step", { token, at: 7 }));
    expect(await page.locator("output.count").textContent()).toBe(`7 of ${story.steps.length}`);
    await page.getByRole("button", { name: "Next write" }).click();
    const link = page.url();
    const other = await lab.page();
    await other.page.goto(link);
    await other.page.waitForSelector("output.count");
    expect(await other.page.locator("output.count").textContent()).toBe(
      await page.locator("output.count").textContent(),
    );
    expect(await other.page.locator("tr[aria-current=step]").textContent()).toBe(
      await page.locator("tr[aria-current=step]").textContent(),
    );
  });

  test("shows which bits a swap changes", async () => {
    const at = story.steps.findIndex(({ step }) => step.before !== step.after) + 1;
    const { before, after } = story.steps.at(at - 1)!.step;
    const { page, open } = await lab.page();
    await open(writeFragment("step", { token, at }));
    const changed = await page
      .locator(".bits i")
      .evaluateAll((bits) => bits.map(({ className }) => className === "changed"));
    const mask = Array.from({ length: 32 }, (_, index) => (((before ^ after) >>> (31 - index)) & 1) === 1);
    expect(changed).toEqual([...mask, ...mask]);
  });

  test("plays to the end", async () => {
    const { page, open } = await lab.page();
    await open(writeFragment("step", { token, at: story.steps.length - 2 }));
    await page.getByRole("button", { name: "Play" }).click();
    await page.waitForFunction(
      (end) => document.querySelector("output.count")?.textContent === end,
      `${story.steps.length} of ${story.steps.length}`,
    );
    await page.getByRole("button", { name: "Play" }).waitFor();
  });

  test("opens a pasted token and a file, and says when there is none", async () => {
    const { page, open } = await lab.page();
    await open(writeFragment("step"));
    await page.getByLabel("A token, or any text with one in it").fill("nothing here");
    await page.getByRole("button", { name: "Open" }).click();
    expect(await page.getByRole("alert").textContent()).toContain("There is no token in this text");
    const json = JSON.stringify({ v: 1, token });
    await page
      .locator("input[type=file]")
      .setInputFiles({ name: "race.json", mimeType: "application/json", buffer: Buffer.from(json) });
    await page.waitForSelector(".lanes");
    expect(page.url()).toContain(`token=${token}`);
  });

  test("is gone on with by hand from any step, with the network off", async () => {
    const { page, wrongs, open } = await lab.page();
    await open(writeFragment("step", { token, at: story.steps.length - 1 }));
    await page.waitForSelector(".lanes");
    await page.context().setOffline(true);
    await page.getByRole("button", { name: /Go on from step/ }).click();
    await page.getByRole("heading", { name: "Who moves next?" }).waitFor();
    const last = story.steps.at(-1)!.step.vcpu;
    await page
      .getByRole("region", { name: `vCPU ${last}`, exact: true })
      .getByRole("button")
      .first()
      .click();
    await page.getByRole("heading", { name: /You are in/ }).waitFor();
    expect(wrongs).toEqual([]);
  });

  test("puts version, bounds and token into the text of an issue", async () => {
    const { page, open } = await lab.page();
    await open(writeFragment("step", { token, at: 3 }));
    await page.getByRole("button", { name: "Copy as issue" }).click();
    const text = await page.getByLabel("Text of the issue").inputValue();
    for (const part of [`xsp explain ${token}`, story.bounds, story.paragraph, "XSP 0.", "at=3"])
      expect(text).toContain(part);
  });

  test.each([
    ["of another version", "#v9/step", "This link leads nowhere"],
    ["with a damaged token", writeFragment("step", { token: token.slice(0, -3) }), "The token cannot be replayed"],
    [
      "to a schedule by hand with a damaged token",
      writeFragment("try", { token: "xsp1.x" }),
      "The token cannot be replayed",
    ],
  ])("tells politely of a link %s", async (_, fragment, heading) => {
    const { page, wrongs, open } = await lab.page();
    await open(fragment);
    await page.getByRole("heading", { name: heading }).waitFor();
    expect(wrongs).toEqual([]);
  });

  test.each([
    ["light", 1280],
    ["dark", 390],
  ] as const)("has no serious issue of accessibility, %s at %i pixels", async (colorScheme, width) => {
    const { page, wrongs, open } = await lab.page({ colorScheme, width, reducedMotion: "reduce" });
    for (const [fragment, ready] of [
      ["", "main h1"],
      [writeFragment("step"), "main h1"],
      [writeFragment("step", { token, at: 9 }), ".lanes"],
      [writeFragment("try"), "select option"],
      [writeFragment("try", { token }), ".turns"],
      ["#v0/x", "main h1"],
    ] as const) {
      await open(fragment);
      await page.waitForSelector(ready, { state: "attached" });
      expect(await seriousIssues(page), fragment).toEqual([]);
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(sideways, `${fragment} is wider than the window`).toBeLessThanOrEqual(0);
    }
    expect(wrongs).toEqual([]);
  });
});
