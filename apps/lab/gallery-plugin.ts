import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

/** A counterexample as docs/findings.md has it. */
export interface GalleryEntry {
  readonly scheme: string;
  readonly property: string;
  readonly model: string;
  readonly token: string;
}

/**
 * Reads the counterexamples out of what `xsp check --all --format md` has written.
 *
 * @throws Error when there are none: the page would come out empty.
 */
export function readGallery(findings: string): GalleryEntry[] {
  const entries: GalleryEntry[] = [];
  const found = findings.matchAll(/^### (\S+): (\S+), in `([^`]+)`$([\s\S]*?)(xsp1\.[\w-]+)/gm);
  for (const [, scheme = "", property = "", model = "", , token = ""] of found) {
    entries.push({ scheme, property, model, token });
  }
  if (entries.length === 0) throw new Error("the findings name no counterexample: expected some under ### headings");
  return entries;
}

/** Makes `virtual:gallery` of a file: the page carries the tokens, and not the document. */
export function galleryPlugin(findings: URL): Plugin {
  const id = "virtual:gallery";
  return {
    name: "xsp-gallery",
    resolveId: (source) => (source === id ? `\0${id}` : undefined),
    load(source) {
      if (source !== `\0${id}`) return undefined;
      this.addWatchFile(fileURLToPath(findings));
      return `export const gallery = ${JSON.stringify(readGallery(readFileSync(findings, "utf8")))};`;
    },
  };
}
