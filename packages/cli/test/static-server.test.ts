import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type StaticServer, fileOfTarget, serveFolder } from "../src/static-server.ts";

const outside = realpathSync(mkdtempSync(join(tmpdir(), "xsp-server-")));
const root = join(outside, "page");
mkdirSync(join(root, "assets"), { recursive: true });
writeFileSync(join(root, "index.html"), "<!doctype html><title>page</title>");
writeFileSync(join(root, "assets", "code.js"), "1;");
writeFileSync(join(outside, "secret.txt"), "secret");
writeFileSync(join(outside, "page-too.txt"), "secret");
symlinkSync(join(outside, "secret.txt"), join(root, "link.txt"));

let server: StaticServer;
beforeAll(async () => {
  server = await serveFolder(root, 0);
});
afterAll(async () => {
  await server.close();
  rmSync(outside, { recursive: true, force: true });
});

/** A request whose path is sent as it is: fetch would take the dots out. */
function ask(path: string, method = "GET"): Promise<{ status: number; type: string | undefined; body: string }> {
  const { port } = new URL(server.address);
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, path, method }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (part: string) => (body += part));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers["content-type"], body }),
      );
    })
      .on("error", reject)
      .end();
  });
}

describe("serves", () => {
  test.each([
    ["the page at the root", "/", "text/html; charset=utf-8"],
    ["the page by its name, whatever the query", "/index.html?a=../b", "text/html; charset=utf-8"],
    ["a script in a folder", "/assets/code.js", "text/javascript; charset=utf-8"],
    [
      "a file whose name has dots and encoded letters on the way",
      "/assets/../assets/c%6fde.js",
      "text/javascript; charset=utf-8",
    ],
  ])("%s", async (_, path, type) => {
    expect(await ask(path)).toMatchObject({ status: 200, type });
  });

  test("the head of a file without its contents", async () => {
    expect(await ask("/", "HEAD")).toMatchObject({ status: 200, body: "" });
  });
});

describe("refuses", () => {
  test.each([
    ["a path out of the folder", "/../secret.txt"],
    ["the same, encoded", "/%2e%2e/secret.txt"],
    ["the same, with the separator encoded", "/..%2fsecret.txt"],
    ["the same, with the other separator", "/..\\secret.txt"],
    ["a neighbour whose name begins as the folder's does", "/../page-too.txt"],
    ["a symbolic link out of the folder", "/link.txt"],
    ["a folder", "/assets"],
    ["what does not exist", "/nothing.html"],
    ["a name that does not decode", "/%zz"],
    ["a name with a zero in it", "/index.html%00"],
  ])("%s", async (_, path) => {
    expect(await ask(path)).toMatchObject({ status: 404, body: "there is no such file\n" });
    expect(fileOfTarget(root, path)).toBeUndefined();
  });

  test.each(["POST", "PUT", "DELETE"])("%s", async (method) => {
    expect((await ask("/", method)).status).toBe(405);
  });
});

test("listens on localhost alone", () => {
  expect(new URL(server.address).hostname).toBe("127.0.0.1");
});
