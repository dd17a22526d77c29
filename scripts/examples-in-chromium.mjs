// Examples as a browser's user would have them: bundled, served, and run in Chromium.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { chromium } from "playwright-core";
import { build } from "vite";
import { expectPrinted } from "./readme-examples.mjs";

const mimeTypes = { ".html": "text/html", ".js": "text/javascript" };
const origin = "http://xsp.test";
/** For a machine that is busy with other things. */
const timeout = 120_000;

const executables = [
  process.env.XSP_CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/** Where Chromium is, or undefined. */
export function chromiumPath() {
  return executables.find((path) => path !== undefined && existsSync(path));
}

/** @param examples `name` of each, for `name.js` in the folder, and what it prints. */
export async function runInChromium(executablePath, folder, examples) {
  const page = (name) =>
    `<!doctype html><title>${name}</title><script type="module">await import("./${name}.js"); document.title = "done";</script>`;
  for (const { name } of examples) writeFileSync(join(folder, `${name}.html`), page(name));
  await build({
    root: folder,
    configFile: false,
    logLevel: "error",
    build: {
      target: "es2022",
      modulePreload: false,
      rollupOptions: { input: examples.map(({ name }) => join(folder, `${name}.html`)) },
    },
  });
  // The sandbox needs rights that a container seldom gives; the pages are our own files.
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    for (const example of examples) {
      // One after another: a page has the processor for itself.
      // oxlint-disable-next-line no-await-in-loop
      await runPage(browser, join(folder, "dist"), example);
    }
    return browser.version();
  } finally {
    await browser.close();
  }
}

async function runPage(browser, built, { name, where, prints }) {
  const page = await browser.newPage();
  await page.route(`${origin}/**`, (route) => {
    const file = join(built, new URL(route.request().url()).pathname);
    if (!existsSync(file)) return route.fulfill({ status: 404 });
    return route.fulfill({ body: readFileSync(file), contentType: mimeTypes[extname(file)] ?? "text/plain" });
  });
  let printed = "";
  page.on("console", (message) => {
    if (message.type() === "log") printed += `${message.text()}\n`;
  });
  const failed = new Promise((_, reject) => {
    page.on("pageerror", (error) => reject(new Error(`${where} failed in Chromium: ${error.message}`)));
  });
  await page.goto(`${origin}/${name}.html`, { timeout });
  await Promise.race([failed, page.waitForFunction(() => document.title === "done", undefined, { timeout })]);
  expectPrinted(`${where}, in Chromium,`, printed, prints);
  await page.close();
}
