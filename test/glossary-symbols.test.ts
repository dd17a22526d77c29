import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "vite";
import { expect, test } from "vitest";
import { workspacePackages, workspaceRoot } from "./workspace-packages.ts";

const glossary = readFileSync(join(workspaceRoot, "docs", "glossary.md"), "utf8");
const published = workspacePackages.filter(({ manifest }) => manifest.private !== true);
const codeOf = (folder: string, source: string): string => readFileSync(join(folder, "src", source), "utf8");
const code = published.flatMap(({ folder, sources }) => sources.map((source) => codeOf(folder, source))).join("\n");

/** Words that the glossary sets as code: symbols, names of schemes, options. */
const symbols = [...new Set(Array.from(glossary.matchAll(/`([^`]+)`/g), ([, symbol = ""]) => symbol))];

/** Single plain words of the first column: terms that a longer name can hold. */
const terms = glossary
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .flatMap((line) => (line.split("|")[1] ?? "").split(","))
  .map((term) => term.trim())
  .filter((term) => /^[a-z0-9]{3,}$/i.test(term) && term !== "word");

/** Names that the packages export from their indices. */
const exported = published.flatMap(({ id, folder, sources }) =>
  sources.includes("index.ts")
    ? parseSync("index.ts", codeOf(folder, "index.ts")).module.staticExports.flatMap(({ entries }) =>
        entries.map((entry) => ({ id, name: entry.exportName.name ?? "" })),
      )
    : [],
);

/** Whether a name writes a term as one word wherever the letters of the term begin one: `superpage`, not `superPage`. */
function writesAsOneWord(name: string, term: string): boolean {
  const wanted = term.toLowerCase();
  for (let at = name.toLowerCase().indexOf(wanted); at >= 0; at = name.toLowerCase().indexOf(wanted, at + 1)) {
    const before = name.charAt(at - 1);
    const found = name.slice(at, at + term.length);
    const beginsWord = before === "" || !/[a-z]/i.test(before) || /[A-Z]/.test(found.charAt(0));
    const isOneWord = !/[A-Z]/.test(found.slice(1)) || found === found.toUpperCase();
    if (beginsWord && !isOneWord) return false;
  }
  return true;
}

/** Names whose other spelling is Linux's or Xen's own, so that a search finds them there. */
const spelledByOthers: Readonly<Record<string, string>> = { pageHighMem: "PageHighMem @ include/linux/page-flags.h" };

test("every symbol of the glossary is in the code", () => {
  expect(symbols.length).toBeGreaterThan(5);
  const missing = symbols.filter(
    (symbol) => !new RegExp(`(?<![\\w-])${symbol.replaceAll(/\W/g, "\\$&")}(?![\\w-])`).test(code),
  );
  expect(missing, "docs/glossary.md: mend the name, or leave the backquotes out").toEqual([]);
});

test("what the packages export writes the glossary's terms as the glossary does", () => {
  expect(terms).toContain("superpage");
  expect(exported.length).toBeGreaterThan(300);
  const ours = exported.filter(({ name }) => !Object.hasOwn(spelledByOthers, name));
  const wrong = ours.flatMap(({ id, name }) =>
    terms
      .filter((term) => !writesAsOneWord(name, term))
      .map((term) => `@xsp/${id}: ${name}, expected “${term}” as one word`),
  );
  expect(wrong).toEqual([]);
});

test.each([
  ["superpageModel", true],
  ["putSuperpageFrames", true],
  ["SUPERPAGE_SIZE", true],
  ["superPageModel", false],
  ["putSuperPage", false],
])("of the names that a package could have, %s: %s", (name, isRight) => {
  expect(writesAsOneWord(name, "superpage")).toBe(isRight);
});
