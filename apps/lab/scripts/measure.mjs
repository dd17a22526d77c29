// Measures what the page promises: how soon it can be used, how much it loads for that, and whether it stays free while
// 64 GiB are forked in it. `pnpm --filter @xsp/lab measure`, with --json for machines. Times are of one run on this machine.
import { readFileSync, readdirSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { readLoginStorm, runScenario, shippedScenarios } from "@xsp/scenario";
import { lastAction, openBuiltPage } from "./built-page.mjs";

const { values: options } = parseArgs({ options: { json: { type: "boolean", default: false } } });
const FORKS = 5;
const VISITS = 5;
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const lab = await openBuiltPage();

// Each visit has a cache of its own.
const visits = [];
for (let visit = 0; visit < VISITS; visit++) {
  const first = await lab.open({ viewport: { width: 1280, height: 860 } });
  const began = performance.now();
  await first.goto(lab.address);
  await first.getByRole("link", { name: /Begin with the lesson/ }).click();
  await first.getByRole("button", { name: "Fork it" }).waitFor();
  const usable = performance.now() - began;
  const paint = await first.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
  visits.push({ usable, paint });
  await first.context().close();
}
const assets = new URL("../dist/assets/", import.meta.url);
const initial = readdirSync(assets).filter((name) => /^index-.*\.js$/.test(name));
const gzipped = initial.reduce((sum, name) => sum + gzipSync(readFileSync(new URL(name, assets))).length, 0);

const page = await lab.open({ viewport: { width: 1280, height: 860 } });
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
const figures = {
  machine: `${cpus()[0].model} × ${cpus().length}, Node ${process.version}`,
  visits: VISITS,
  forks: FORKS,
  firstPaintMs: median(visits.map(({ paint }) => paint)),
  lessonUsableMs: median(visits.map(({ usable }) => usable)),
  initialScriptGzippedBytes: gzipped,
  forkInPageMs: median(forks),
  forkInNodeMs: run.logins.forkWall.medianNs / 1e6,
  framesPerSecond: (1000 * gaps.length) / total,
  longestWithoutFrameMs: Math.max(...gaps),
};
if (options.json) {
  console.log(JSON.stringify(figures, null, 2));
} else {
  const ms = (value) => `${value.toFixed(0)} ms`;
  const rows = [
    ["machine", figures.machine],
    [`first paint, median of ${VISITS} visits`, ms(figures.firstPaintMs)],
    [`lesson usable, median of ${VISITS} visits`, ms(figures.lessonUsableMs)],
    ["initial JavaScript, gzipped", `${(gzipped / 1024).toFixed(1)} KiB`],
    [`per-frame fork of 64 GiB, page, median of ${FORKS}`, ms(figures.forkInPageMs)],
    [`per-frame fork of 64 GiB, Node, median of ${FORKS}`, ms(figures.forkInNodeMs)],
    ["page over Node", `${(figures.forkInPageMs / figures.forkInNodeMs).toFixed(2)}x`],
    ["frames a second while it runs", figures.framesPerSecond.toFixed(0)],
    ["longest without a frame", ms(figures.longestWithoutFrameMs)],
  ];
  for (const [what, found] of rows) console.log(`${what.padEnd(48)} ${found}`);
}
