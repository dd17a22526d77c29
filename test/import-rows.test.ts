import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, expect, test } from "vitest";
import { importsOf, importsOnlyTypes, readJson, workspacePackages, workspaceRoot } from "./workspace-packages.ts";

interface Rows {
  /** From the lowest row up: files (without extension) or folders below `src`. */
  readonly rows: readonly (readonly string[])[];
  /** Pairs `[a, b]` of one row where `a` may import `b`. `[a, a]` lets the files of folder `a` import each other. */
  readonly sameRow?: readonly (readonly [string, string])[];
}

const layered = workspacePackages.filter((pkg) => existsSync(join(pkg.folder, "rows.json")));

test("the hypervisor has its table of rows", () => {
  expect(layered.map(({ id }) => id)).toContain("hypervisor");
});

describe.each(layered.map((pkg) => [pkg.id, pkg] as const))("%s", (_, pkg) => {
  const { rows, sameRow = [] } = readJson<Rows>(posix.relative(workspaceRoot, pkg.folder), "rows.json");
  const entries = rows.flat();

  /** The most exact entry that holds the file: `schemes/rfc` before `schemes`. */
  function entryOf(file: string): string | undefined {
    const bare = file.replace(/\.\w+$/, "");
    return entries
      .filter((entry) => bare === entry || bare.startsWith(`${entry}/`))
      .toSorted((a, b) => b.length - a.length)[0];
  }

  const rowOf = (entry: string): number => rows.findIndex((row) => row.includes(entry)) + 1;

  const arrows = pkg.sources.flatMap((source) =>
    importsOf(join(pkg.folder, "src", source))
      .filter((name) => name.startsWith("."))
      .map((name) => ({
        source,
        target: posix.join(posix.dirname(source), name),
        onlyTypes: importsOnlyTypes(join(pkg.folder, "src", source), name),
      })),
  );

  test("names each entry once", () => {
    expect(entries.filter((entry, at) => entries.indexOf(entry) !== at)).toEqual([]);
  });

  test("gives every source file a row", () => {
    expect(pkg.sources.filter((source) => entryOf(source) === undefined)).toEqual([]);
  });

  test("has no entry without a source file", () => {
    const used = new Set(pkg.sources.map(entryOf));
    expect(entries.filter((entry) => !used.has(entry))).toEqual([]);
  });

  test("lets a file import from a lower row only", () => {
    const wrong = arrows.flatMap(({ source, target }) => {
      const from = entryOf(source);
      const to = entryOf(target);
      if (from === undefined || to === undefined) return [];
      if (rowOf(to) < rowOf(from)) return [];
      if (rowOf(to) === rowOf(from) && sameRow.some(([a, b]) => a === from && b === to)) return [];
      return [`${source} (row ${rowOf(from)}) imports ${target} (row ${rowOf(to)})`];
    });
    expect(wrong, "move what is shared to a lower row, or name the pair under sameRow in rows.json").toEqual([]);
  });

  test("allows no pair of one row that is not used, nor one that goes both ways at run time", () => {
    const used = new Set(arrows.map(({ source, target }) => `${entryOf(source)} -> ${entryOf(target)}`));
    const unused = sameRow.filter(([a, b]) => !used.has(`${a} -> ${b}`));
    const atRunTime = new Set(
      arrows
        .filter((arrow) => !arrow.onlyTypes)
        .map(({ source, target }) => `${entryOf(source)} -> ${entryOf(target)}`),
    );
    const mutual = sameRow.filter(
      ([a, b]) => a !== b && atRunTime.has(`${a} -> ${b}`) && atRunTime.has(`${b} -> ${a}`),
    );
    expect({ unused, mutual }).toEqual({ unused: [], mutual: [] });
  });

  if (entries.includes("audit")) {
    test("keeps the audit independent of what it audits", () => {
      const highest = Math.max(
        ...arrows
          .filter(({ source }) => entryOf(source) === "audit")
          .map(({ target }) => rowOf(entryOf(target) ?? "audit")),
      );
      const importers = arrows.filter(
        ({ source, target }) => entryOf(target) === "audit" && entryOf(source) !== "audit",
      );
      expect(highest, "the audit recounts from the packed words and tables of rows 1 to 3").toBeLessThanOrEqual(3);
      expect(importers.map(({ source }) => entryOf(source)).filter((entry) => entry !== "index")).toEqual([]);
    });
  }
});
