// Copies the example per-gigabyte into @xsp/cli, which makes new schemes from it: run when that package is packed, so that
// the repository has it once.
import { cpSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const from = fileURLToPath(new URL("../examples/per-gigabyte-scheme", import.meta.url));
const to = fileURLToPath(new URL("../packages/cli/scheme-template", import.meta.url));

rmSync(to, { recursive: true, force: true });
if (!process.argv.includes("--remove")) {
  const built = new Set(["node_modules", "test-results", ".turbo", "coverage"].map((name) => join(from, name)));
  cpSync(from, to, { recursive: true, filter: (file) => !built.has(file) });
  console.log(`copied ${basename(from)}`);
}
