// Where the browser of the browser tests is. Run as a command it prints the path, or says that there is none and ends
// with 1.
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";

const usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Path of a Chromium: what `XSP_CHROMIUM` names, or the first of the usual places; undefined when there is none. */
export const chromiumPath = [process.env.XSP_CHROMIUM ?? usual].flat().find((path) => existsSync(path));

/** What is said where there is none. */
export const noChromium =
  `there is no Chromium at ${process.env.XSP_CHROMIUM ?? usual.join(", ")}: the tests in a browser are skipped. ` +
  "Install one (apt-get install chromium), or name one with XSP_CHROMIUM=/path/to/it";

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  console.log(chromiumPath ?? noChromium);
  process.exitCode = chromiumPath === undefined ? 1 : 0;
}
