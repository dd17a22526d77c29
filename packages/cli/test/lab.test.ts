import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { serveFolder } from "../src/static-server.ts";
import { xsp, xspFile } from "./xsp-process.ts";

test("xsp lab prints an address at which the page is, and ends well with Ctrl-C", async () => {
  const child = spawn(process.execPath, [xspFile, "lab"]);
  const address = await new Promise<string>((resolve, reject) => {
    let told = "";
    child.stdout.on("data", (data: Buffer) => {
      told += data.toString();
      const [, found] = /^The lab: (http:\/\/127\.0\.0\.1:\d+\/)\n/.exec(told) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.on("close", () => reject(new Error("xsp lab ended before it printed an address")));
  });
  const page = await (await fetch(address)).text();
  expect(page).toContain("<title>XSP lab</title>");
  const [, script = ""] = /src="\.\/(assets\/[^"]+\.js)"/.exec(page) ?? [];
  expect((await fetch(new URL(script, address))).headers.get("content-type")).toContain("text/javascript");
  const code = new Promise<number | null>((resolve) => child.on("close", resolve));
  child.kill("SIGINT");
  expect(await code).toBe(0);
});

test("xsp lab --folder prints where the files of the page are", () => {
  const { code, stdout } = xsp("lab", "--folder");
  expect(code).toBe(0);
  expect(existsSync(join(stdout.trim(), "index.html"))).toBe(true);
});

test.each(["http", "-1", "65536"])("--port %s is refused", (port) => {
  const { code, stderr } = xsp("lab", "--port", port);
  expect(code).toBe(2);
  expect(stderr).toContain(`--port ${port}: is no port`);
});

test("a port that is taken is the user's to change", async () => {
  const other = await serveFolder(".", 0);
  const { port } = new URL(other.address);
  const { code, stderr } = xsp("lab", "--port", port);
  await other.close();
  expect(code).toBe(2);
  expect(stderr).toContain(`--port ${port}: cannot be had`);
  expect(stderr).toContain("leave it out to get a free one");
});
