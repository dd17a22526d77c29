import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync, Visitor } from "vite";
import { describe, expect, test } from "vitest";
import { freeNames } from "./free-names.ts";
import { workspacePackages } from "./workspace-packages.ts";

const pure = ["words", "checker", "hypervisor", "guest", "scenario", "verify"];
const withoutTry = ["hypervisor", "guest"];
const clocks = new Set(["Date", "performance", "setTimeout", "setInterval", "crypto"]);

interface Findings {
  readonly tries: number[];
  readonly chances: number[];
}

function findingsIn(file: string, code: string): Findings {
  const tries: number[] = [];
  const chances: number[] = [];
  const lineAt = (offset: number): number => code.slice(0, offset).split("\n").length;
  new Visitor({
    TryStatement: (node) => void tries.push(lineAt(node.start)),
    MemberExpression: (node) => {
      if (code.slice(node.start, node.end).replaceAll(/\s/g, "") === "Math.random") chances.push(lineAt(node.start));
    },
  }).visit(parseSync(file, code).program);
  return { tries, chances };
}

test("a try and a Math.random are found by line", () => {
  const code = "const a = 1;\ntry {\n  Math.random();\n} finally {\n}\n";
  expect(findingsIn("sample.ts", code)).toEqual({ tries: [2], chances: [3] });
});

describe.each(workspacePackages.filter(({ id }) => pure.includes(id)).map((pkg) => [pkg.id, pkg] as const))(
  "%s",
  (id, pkg) => {
    // What is for Node alone has an entry of its own, `./node`, and may ask Node for anything.
    const sources = pkg.sources.filter((source) => !source.startsWith("node/"));
    const files = sources.map((source) => {
      const code = readFileSync(join(pkg.folder, "src", source), "utf8");
      return { source, code, ...findingsIn(source, code) };
    });

    test("takes time and chance as arguments", () => {
      const found = files.flatMap(({ source, chances }) => chances.map((line) => `src/${source}:${line} Math.random`));
      for (const source of sources) {
        const built = join(pkg.folder, "dist", source.replace(/\.ts$/, ".js"));
        const names = freeNames(built, readFileSync(built, "utf8"));
        found.push(...[...names].filter((name) => clocks.has(name)).map((name) => `src/${source} ${name}`));
      }
      expect(found, "let the caller pass a clock or a seed").toEqual([]);
    });

    if (withoutTry.includes(id)) {
      test("catches nothing: an errno is returned, a bug of ours is thrown", () => {
        expect(files.flatMap(({ source, tries }) => tries.map((line) => `src/${source}:${line}`))).toEqual([]);
      });
    }
  },
);
