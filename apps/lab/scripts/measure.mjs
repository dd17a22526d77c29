// Measures what the page promises: how soon it can be used, and whether it stays free while 64 GiB are forked in it.
// `pnpm --filter @xsp/lab measure`. Times are of one run on this machine.
import { cpus } from "node:os";
import { readLoginStorm, runScenario, shippedScenarios } from "@xsp/scenario";
import { lastAction, openBuiltPage } from "./built-page.mjs";

const FORKS = 5;
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const lab = await openBuiltPage();
const page = await lab.open({ viewport: { width: 1280, height: 860 } });

const began = performance.now();
await page.goto(lab.address);
await page.getByRole("link", { name: /Begin with the lesson/ }).click();
await page.getByRole("button", { name: "Fork it" }).waitFor();
const usable = performance.now() - began;
const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);

await page.goto(`${lab.address}#v1/machine?schemes=per-frame&gib=64&do=pool,map`);
await page.evaluate(() => {
  globalThis.drawnAt = [];
  const tick = (at) => {
    globalThis.drawnAt.push(at);
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
});
await lastAction(page, "map the region");
const forks = [];
for (let fork = 0; fork < FORKS; fork++) {
  await page.getByRole("button", { name: "Fork", exact: true }).click();
  // On the clock: boot, pool, map, the forks until now, and the sum.
  await page.waitForFunction((rows) => {
    const [, clock] = document.querySelectorAll(".ledger");
    return clock.querySelectorAll("tbody tr").length === rows;
  }, fork + 5);
  await lastAction(page, "fork");
  const wall = await page.locator("tr", { hasText: "wall time in this page" }).locator("td").textContent();
  forks.push(Number.parseFloat(wall) * (wall.endsWith("ms") ? 1 : 1000));
  await page.waitForTimeout(1500);
}
const gaps = await page.evaluate(() => globalThis.drawnAt.slice(1).map((at, index) => at - globalThis.drawnAt[index]));
await lab.close();

// The same fork without a browser, of as many hugepages as the page's guest has.
const text = shippedScenarios["fork-64g"];
const scenario = readLoginStorm(text, {
  file: "fork-64g",
  overrides: [{ path: "workload.logins", value: String(FORKS), flag: "measure" }],
});
const run = runScenario(scenario, { scheme: "per-frame", now: () => performance.now() * 1e6, warmUps: 1 });

const total = gaps.reduce((sum, gap) => sum + gap, 0);
console.log(`machine                            ${cpus()[0].model} × ${cpus().length}, Node ${process.version}`);
console.log(`first paint                        ${paint.toFixed(0)} ms`);
console.log(`front page and lesson usable       ${usable.toFixed(0)} ms`);
console.log(`per-frame fork of 64 GiB, page     ${median(forks).toFixed(0)} ms, median of ${FORKS}`);
console.log(
  `per-frame fork of 64 GiB, Node     ${(run.logins.forkWall.medianNs / 1e6).toFixed(0)} ms, median of ${FORKS}`,
);
console.log(`frames a second while it runs      ${((1000 * gaps.length) / total).toFixed(0)}`);
console.log(`longest without a frame            ${Math.max(...gaps).toFixed(0)} ms`);
