// Makes the pictures of the README anew: `pnpm --filter @xsp/lab pictures`.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { lastAction, openBuiltPage } from "./built-page.mjs";

const docs = new URL("../../../docs/", import.meta.url);
const picture = (name) => fileURLToPath(new URL(`images/${name}.png`, docs));
const [, token] = /^### xen-4\.1: S1,[\s\S]*?(xsp1\.[\w-]+)/m.exec(readFileSync(new URL("findings.md", docs), "utf8"));

const lab = await openBuiltPage();
const page = await lab.open({ viewport: { width: 1280, height: 820 } });
await page.goto(`${lab.address}#v1/step?token=${token}&at=17`);
await page.waitForSelector("tr.current");
await page.screenshot({ path: picture("lab-stepper") });

await page.goto(`${lab.address}#v1/machine?schemes=per-frame,sealed&gib=16&do=pool,map,fork,fork`);
await page
  .locator("tbody th", { hasText: /^fork$/ })
  .nth(1)
  .waitFor();
await lastAction(page, "fork");
await page.waitForSelector("canvas[data-drawn^='5 ']");
await page.waitForTimeout(1500);
const clip = { x: 0, y: 0, width: 1280, height: 1480 };
await page.screenshot({ path: picture("lab-machine"), fullPage: true, clip });
await lab.close();
