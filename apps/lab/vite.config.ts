import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { galleryPlugin } from "./gallery-plugin.ts";

const manifest = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8")) as { version: string };

export default defineConfig({
  // Any static host, under any path: every address in the built page is relative.
  base: "./",
  // The documentation, built before by the package `docs`: it stands in the folder docs/ of the page.
  publicDir: fileURLToPath(new URL("site/", import.meta.resolve("docs/package.json"))),
  plugins: [galleryPlugin(new URL("../../docs/findings.md", import.meta.url))],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  define: { LAB_VERSION: JSON.stringify(manifest.version) },
  worker: { format: "es" },
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    // The licences of what is bundled have to go with it.
    license: { fileName: "notices.md" },
  },
});
