import { readFileSync, readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const dist = new URL("../dist/", import.meta.url);
const page = readFileSync(new URL("index.html", dist), "utf8");

test("what the page loads at first is at most 150 KiB of JavaScript, compressed", () => {
  const scripts = [...page.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.js)"/g)].map(([, path = ""]) => path);
  expect(scripts.length).toBeGreaterThan(0);
  const bytes = scripts.reduce((sum, path) => sum + gzipSync(readFileSync(new URL(path, dist))).length, 0);
  expect(bytes).toBeLessThanOrEqual(150 * 1024);
});

test("every address in the built page is relative, so that it can stand under any path", () => {
  const addresses = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = ""]) => address);
  expect(addresses.filter((address) => !address.startsWith("./") && !address.startsWith("data:"))).toEqual([]);
  const scripts = readdirSync(new URL("assets/", dist)).filter((name) => name.endsWith(".js"));
  for (const name of scripts) {
    const code = readFileSync(new URL(`assets/${name}`, dist), "utf8");
    expect(code.match(/["'`]\/assets\/|https?:\/\/(?!www\.w3\.org)[\w.]+/g), name).toBeNull();
  }
});

test("needs no header that a static host does not send", () => {
  const scripts = readdirSync(new URL("assets/", dist)).filter((name) => name.startsWith("index-"));
  for (const name of scripts.filter((each) => each.endsWith(".js"))) {
    expect(readFileSync(new URL(`assets/${name}`, dist), "utf8")).not.toContain("SharedArrayBuffer");
  }
});
