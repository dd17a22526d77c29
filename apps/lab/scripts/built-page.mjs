// The built page on a static host, in Chromium: for pictures and measurements.
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { preview } from "vite";
import { chromiumPath, noChromium } from "../../../scripts/chromium.mjs";

/** Opens the built page: `open(look)` gives a page, `address` is where it is. */
export async function openBuiltPage() {
  if (chromiumPath === undefined) throw new Error(noChromium);
  const root = fileURLToPath(new URL("..", import.meta.url));
  const server = await preview({ root, configFile: false, logLevel: "error", preview: { host: "127.0.0.1", port: 0 } });
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox"] });
  return {
    address: `http://127.0.0.1:${server.httpServer.address().port}/`,
    open: async (look) => (await browser.newContext(look)).newPage(),
    close: async () => {
      await browser.close();
      await server.close();
    },
  };
}

/** Waits until the machines have done this last. */
export async function lastAction(page, action) {
  await page.waitForFunction(
    (name) =>
      document.querySelector(".ledger caption strong")?.textContent === name &&
      document.querySelector(".standing .busy") === null,
    action,
    { timeout: 300_000 },
  );
}
