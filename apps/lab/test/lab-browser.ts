import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { source as axeSource } from "axe-core";
import { type Browser, type Page, chromium } from "playwright-core";
import { type PreviewServer, preview } from "vite";

/*
 * The built page in a real browser, served as a static host does, under a path of its own.
 */

/** Where Debian puts it. */
export const executablePath = "/usr/bin/chromium";

/** Whether there is a browser to test with. */
export const hasChromium: boolean = existsSync(executablePath);

if (!hasChromium)
  console.warn(`the lab's page is not tested: there is no ${executablePath} (apt-get install chromium)`);

/** How a page is looked at. */
export interface Look {
  readonly colorScheme?: "light" | "dark";
  readonly width?: number;
  readonly reducedMotion?: "reduce" | "no-preference";
}

/** A page, and what went wrong in it. */
export interface OpenPage {
  readonly page: Page;
  /** Errors on its console, exceptions, requests that failed, and requests to other hosts. */
  readonly wrongs: string[];
  /** Goes to a fragment. */
  readonly open: (fragment: string) => Promise<void>;
}

/** A browser and a host for the built page. */
export class LabBrowser {
  private readonly browser: Browser;
  private readonly server: PreviewServer;
  readonly address: string;

  private constructor(browser: Browser, server: PreviewServer) {
    this.browser = browser;
    this.server = server;
    const { port } = server.httpServer.address() as { port: number };
    this.address = `http://127.0.0.1:${port}/under/a/path/`;
  }

  static async start(): Promise<LabBrowser> {
    const root = fileURLToPath(new URL("..", import.meta.url));
    const server = await preview({
      root,
      configFile: false,
      base: "/under/a/path/",
      logLevel: "error",
      preview: { host: "127.0.0.1", port: 0, strictPort: true },
    });
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    return new LabBrowser(browser, server);
  }

  async page({ colorScheme = "light", width = 1280, reducedMotion = "no-preference" }: Look = {}): Promise<OpenPage> {
    const context = await this.browser.newContext({ colorScheme, reducedMotion, viewport: { width, height: 860 } });
    const page = await context.newPage();
    // Other packages' tests may be running beside this one.
    page.setDefaultTimeout(60_000);
    const wrongs: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") wrongs.push(message.text());
    });
    page.on("pageerror", (error) => wrongs.push(error.message));
    page.on("request", (request) => {
      // A blob is of the page itself: the text of a scheme from a file.
      const isOwn = [this.address, "data:", `blob:${new URL(this.address).origin}/`].some((own) =>
        request.url().startsWith(own),
      );
      if (!isOwn) wrongs.push(`asks for ${request.url()}`);
    });
    page.on("requestfailed", (request) => wrongs.push(`${request.url()} failed`));
    return {
      page,
      wrongs,
      open: async (fragment) => {
        await page.goto(`${this.address}${fragment}`);
        await page.waitForSelector("main h1");
      },
    };
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.server.close();
  }
}

/** What axe-core finds that is serious or critical, WCAG AA contrast among it. */
export async function seriousIssues(page: Page): Promise<string[]> {
  await page.addScriptTag({ content: axeSource });
  return page.evaluate(async () => {
    interface Found {
      readonly violations: readonly {
        readonly id: string;
        readonly impact: string;
        readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
      }[];
    }
    const { axe } = globalThis as unknown as { axe: { run: () => Promise<Found> } };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
  });
}
