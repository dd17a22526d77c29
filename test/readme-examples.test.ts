import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { expectPrinted, mappedExports, readmeExamples } from "../scripts/readme-examples.mjs";

const folder = mkdtempSync(join(tmpdir(), "xsp-readme-"));

function readme(...lines: readonly string[]): string {
  const file = join(folder, "README.md");
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

test("a program is taken with the output that follows it, commands with what stands below each", () => {
  const file = readme(
    ..."```ts|print(1);|```|and it prints|```text|1|```|```sh|npm install|```|```console|$ one|a|b|$ two|```".split(
      "|",
    ),
  );
  expect(readmeExamples(file)).toEqual({
    programs: [{ code: "print(1);\n", prints: "1\n" }],
    commands: [
      { line: "one", prints: "a\nb\n" },
      { line: "two", prints: "" },
    ],
  });
});

test("a program without its output is refused, and so is a README without an example", () => {
  expect(() => readmeExamples(readme("```ts", "print(1);", "```"))).toThrow(
    /example 1 is not followed by a ```text block/,
  );
  expect(() => readmeExamples(readme("# Nothing"))).toThrow(/has no example/);
});

test("output that differs in a single character is refused", () => {
  expect(() => expectPrinted("it", "1\n", "1\n")).not.toThrow();
  expect(() => expectPrinted("it", "1\n", "1")).toThrow(/it printed\n1\n\nexpected, as its README says,\n1/);
});

test("the names of the first column under Exports are mapped, and no others", () => {
  const file = readme(
    ..."| `no` | x |~## Exports~~| export | what |~| --- | --- |~| `one`, `TWO_*` | of `three` |~| `four` | x |~~## Costs~| `no` | x |".split(
      "~",
    ),
  );
  expect(mappedExports(file)).toEqual(["one", "TWO_*", "four"]);
});
