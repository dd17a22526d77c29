import type { Command } from "commander";
import { exitCode } from "../exit-code.ts";
import { UsageError } from "../usage-error.ts";

const help = `
What happens: the page is served to this machine alone, on a free port, until Ctrl-C. The model runs in the browser;
nothing is sent anywhere. The same files can stand on any static host, under any path.

Exit codes: 0 ended by Ctrl-C, 2 a port that cannot be had, or a lab that was not built.

Examples:
  xsp lab                  prints the address
  xsp lab --port 8080      on this port
  xsp lab --folder         prints where the files are, to be copied to a host
`;

interface LabFlags {
  readonly port: string;
  readonly folder?: boolean;
}

/** Adds `xsp lab`. */
export function addLabCommand(program: Command): void {
  program
    .command("lab")
    .summary("serve the lab: step counterexamples, and try to break in, in a browser")
    .description("Serves the lab, a web page that runs the model in the browser, on localhost.")
    .option("--port <port>", "the port to listen on; 0 takes a free one", "0")
    .option("--folder", "print the folder with the files of the page, and end")
    .addHelpText("after", help)
    .action(labCommand);
}

async function labCommand({ port, folder }: LabFlags): Promise<void> {
  const number = /^\d+$/.test(port) ? Number(port) : Number.NaN;
  if (!(number <= 65_535)) {
    throw new UsageError(`--port ${port}: is no port`, "a number from 0 to 65535", "leave it out to get a free one");
  }
  const files = await labFolder();
  if (folder === true) {
    process.stdout.write(`${files}\n`);
    return;
  }
  const { serveFolder } = await import("../static-server.ts");
  const server = await serveFolder(files, number).catch((error: unknown) => {
    throw new UsageError(
      `--port ${port}: cannot be had (${error instanceof Error ? error.message : String(error)})`,
      "a port that is free and that you may listen on",
      "leave it out to get a free one",
    );
  });
  process.stdout.write(`The lab: ${server.address}\n`);
  process.stderr.write("xsp: Ctrl-C ends it\n");
  await new Promise<void>((resolve) => {
    process.once("SIGINT", () => resolve()).once("SIGTERM", () => resolve());
  });
  await server.close();
  process.exitCode = exitCode.ok;
}

/**
 * Where the built page is: the package `@xsp/lab` is its files.
 *
 * @throws UsageError when it was not built, as in a fresh clone.
 */
async function labFolder(): Promise<string> {
  const { existsSync } = await import("node:fs");
  const { fileURLToPath } = await import("node:url");
  const address = import.meta.resolve("@xsp/lab/index.html");
  const page = fileURLToPath(address);
  if (existsSync(page)) return fileURLToPath(new URL(".", address));
  throw new UsageError(`${page}: the lab is not built`, "its files there", "pnpm build");
}
