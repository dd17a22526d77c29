import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { changelogEntry, changesOf, sections, withEntry } from "../scripts/changelog.mjs";
import { workspaceRoot } from "./workspace-packages.ts";

describe("the changes of a changeset", () => {
  test("a paragraph that begins with a section opens it, and those after it belong to it", () => {
    const summary = "Features: a new command.\n\nIt has a flag.\n\nFindings: a race in\n`rfc`.";
    expect(changesOf("some.md", summary)).toEqual([
      { section: "Features", text: "a new command.\n\nIt has a flag." },
      { section: "Findings", text: "a race in\n`rfc`." },
    ]);
  });

  test.each(["A new command.", "feature: a new command.", "Features", ""])(
    "%j says which section is missing",
    (summary) => {
      expect(() => changesOf("some.md", summary)).toThrow(
        /some\.md begins with .*Fidelity, Findings, Features, Internals/,
      );
    },
  );

  const waiting = readdirSync(join(workspaceRoot, ".changeset")).filter((name) => name.endsWith(".md"));
  test("every changeset that is waiting names its sections", () => {
    for (const name of waiting) {
      const [, , summary = ""] = readFileSync(join(workspaceRoot, ".changeset", name), "utf8").split(/^---$/m);
      expect(changesOf(name, summary).length, name).toBeGreaterThan(0);
    }
  });
});

describe("a version's entry", () => {
  test("has the sections in their order, however the changes come, and none that is empty", () => {
    const entry = changelogEntry("0.2.0", [
      { section: "Internals", text: "Faster." },
      { section: "Fidelity", text: "As Xen 4.9 does.\n\nAnd 4.6.", packages: ["hypervisor", "cli"] },
      { section: "Internals", text: "Smaller,\nand simpler." },
    ]);
    expect(entry).toBe(`## 0.2.0

### Fidelity

- As Xen 4.9 does. (hypervisor, cli)

  And 4.6.

### Internals

- Faster.
- Smaller,
  and simpler.
`);
  });

  test("without changes says why there is a version", () => {
    expect(changelogEntry("0.2.0", [])).toContain("released together with");
  });

  test.each(sections)("%s is found again in it", (section) => {
    expect(changelogEntry("1.0.0", changesOf("x.md", `${section}: Something.`))).toContain(
      `### ${section}\n\n- Something.`,
    );
  });
});

test("a new entry stands above the older ones", () => {
  const first = withEntry("@xsp/words", "## 0.1.0\n\nfirst\n", undefined);
  expect(withEntry("@xsp/words", "## 0.2.0\n\nsecond\n", first)).toBe(
    "# @xsp/words\n\n## 0.2.0\n\nsecond\n\n## 0.1.0\n\nfirst\n",
  );
});
