import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { benchPage } from "../src/report/bench-page.ts";
import { csvPage } from "../src/report/csv-report.ts";
import { htmlReport } from "../src/report/html.ts";
import { markdownPage } from "../src/report/markdown-report.ts";
import { textPage } from "../src/report/text-report.ts";
import { readResult, ResultProblem, writeResultFiles } from "../src/result-files.ts";
import { smallResult } from "./small-result.ts";

const result = smallResult();
const page = benchPage(result);

test("has a section for every part, and each says what makes its figures", () => {
  expect(page.sections.map(({ id }) => id)).toEqual([
    "schemes",
    "ratio",
    "storm",
    "scaling",
    "threads",
    "operations",
    "checker",
    "startup",
    "targets",
  ]);
  for (const { commands } of page.sections) expect(commands.length).toBeGreaterThan(0);
});

test("leaves out the sections of parts that were not run", () => {
  const { v, size, finished, machine, loadBefore, command, profiles, targets } = result;
  const empty = benchPage({ v, size, finished, machine, loadBefore, command, profiles, targets: [] });
  expect(targets.length).toBeGreaterThan(0);
  expect(empty.sections.map(({ id }) => id)).toEqual(["ratio"]);
});

test("says what was left out for want of memory", () => {
  expect(textPage(page)).toContain("Left out: a host of 1 TiB under sealed.");
});

test("says when the machine was busy, and only then", () => {
  expect(textPage(page)).toContain("with a load average of 0.75");
  expect(textPage(benchPage({ ...result, loadBefore: 0.1 }))).not.toContain("busy");
});

test("every table has a cell for each of its columns", () => {
  for (const { blocks } of page.sections) {
    for (const block of blocks) {
      if (block.kind !== "table") continue;
      expect(block.rows.length, block.caption).toBeGreaterThan(0);
      for (const { cells } of block.rows) expect(cells, block.caption).toHaveLength(block.header.length - 1);
    }
  }
});

test("is one file: it loads nothing and runs nothing", () => {
  const html = htmlReport(page);
  expect(html).not.toMatch(/<script|<link rel="stylesheet"|<img|@import|url\(|https?:/);
});

test("escapes what could be taken for markup", () => {
  const html = htmlReport({ ...page, title: `<b>&"` });
  expect(html).toContain("<h1>&lt;b&gt;&amp;&quot;</h1>");
  expect(html).not.toContain("<b>");
});

test("every figure of a table stands in the CSV with its number", () => {
  const lines = csvPage(page).trimEnd().split("\n");
  expect(lines[0]).toBe("section,table,row,column,place,value,shown");
  const figures = page.sections.flatMap(({ blocks }) =>
    blocks.flatMap((block) =>
      block.kind === "table"
        ? block.rows.flatMap(({ cells }) =>
            cells.flat().filter((part) => typeof part === "object" && part.kind === "figure"),
          )
        : [],
    ),
  );
  expect(lines).toHaveLength(figures.length + 1);
});

test("the Markdown has the same tables", () => {
  const markdown = markdownPage(page);
  for (const { title, blocks } of page.sections) {
    expect(markdown).toContain(`## ${title}`);
    for (const block of blocks) if (block.kind === "table") expect(markdown).toContain(`${block.caption}:\n\n| `);
  }
});

describe("result files", () => {
  test("are read again as they were written", async () => {
    const folder = await mkdtemp(join(tmpdir(), "xsp-bench-"));
    const files = await writeResultFiles(folder, result);
    expect(files).toEqual(["html", "json", "md", "csv"].map((suffix) => join(folder, `report.${suffix}`)));
    expect(await readResult(join(folder, "report.json"))).toEqual(JSON.parse(JSON.stringify(result)));
  });

  test.each([
    ["of another version", JSON.stringify({ ...result, v: 1 }), "version of the result is 1, expected 2"],
    ["that are something else", "[]", "version of the result is undefined"],
    ["that are no JSON", "{", "cannot be read as JSON"],
  ])("%s are refused", async (_, content, message) => {
    const file = join(await mkdtemp(join(tmpdir(), "xsp-bench-")), "report.json");
    await writeFile(file, content);
    await expect(readResult(file)).rejects.toThrow(ResultProblem);
    await expect(readResult(file)).rejects.toThrow(message);
    expect(await readFile(file, "utf8")).toBe(content);
  });
});
