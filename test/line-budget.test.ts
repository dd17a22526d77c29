import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { workspacePackages, workspaceRoot } from "./workspace-packages.ts";

/** A file is read in one sitting. */
const BUDGET = 400;

/** Files that are longer, each with the most lines that it may have and the reason. */
const exceptions: Readonly<Record<string, readonly [budget: number, reason: string]>> = {
  "packages/hypervisor/src/schemes/sealed.ts": [
    430,
    "one state word and every operation on it, after the essay on both",
  ],
  "packages/checker/test/explorer.test.ts": [480, "one table of programs under every option of the search"],
  "packages/verify/src/models/model-list.ts": [430, "a list of models, one after the other"],
  "packages/guest/test/fork.test.ts": [470, "what fork leaves in every kind of mapping, beside one another"],
  "packages/guest/test/hugetlbfs-facts.test.ts": [500, "a list of facts of the source, one after the other"],
  "packages/guest/test/hugetlb-accounting.test.ts": [440, "one random program, all of whose commands stand together"],
  "packages/guest/test/proc-files.test.ts": [410, "a list of files, one after the other"],
};

const folders = [
  ...workspacePackages.flatMap(({ folder }) => ["src", "test", "bin", "scripts"].map((part) => join(folder, part))),
  join(workspaceRoot, "test"),
  join(workspaceRoot, "scripts"),
];

/** Lines of every source, test and script, by its path. */
const lengths = new Map(
  folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(tsx?|m?js|css)$/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name)),
    )
    .map((file) => [
      file.slice(workspaceRoot.length + 1).replaceAll("\\", "/"),
      readFileSync(file, "utf8").split("\n").length - 1,
    ]),
);

test("there are files to look at", () => {
  expect(lengths.size).toBeGreaterThan(300);
});

test(`no file has more than ${BUDGET} lines without a reason`, () => {
  const tooLong = [...lengths]
    .filter(([file, lines]) => lines > (exceptions[file]?.[0] ?? BUDGET))
    .map(([file, lines]) => `${file}: ${lines} lines, expected ${exceptions[file]?.[0] ?? BUDGET} at most: split it`);
  expect(tooLong).toEqual([]);
});

test("no exception is left for a file that needs none", () => {
  const needless = Object.keys(exceptions)
    .filter((file) => (lengths.get(file) ?? 0) <= BUDGET)
    .map((file) => `${file}: ${lengths.get(file) ?? "no such file, 0"} lines: take it out of the list`);
  expect(needless).toEqual([]);
});
