import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StepsResult } from "@xsp/scenario";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { xsp, type Outcome } from "./xsp-process.ts";

const folder = mkdtempSync(join(tmpdir(), "xsp-run-steps-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const text = `name: pool
description: A pool, and a mapping that it cannot hold
host: { memory: 96MiB }
guest: { memory: 64MiB }
schemes: [per-frame, sealed]
let: { pages: 4 }
steps:
  - echo {pages} > /proc/sys/vm/nr_hugepages
  - run: cat /proc/meminfo
    prints: "HugePages_Total: {pages}"
  - spawn db
  - run: mmap 1 {(pages + 1) * 2MiB} shared hugetlb
    refused: ENOMEM
  - mmap 1 {pages * 2MiB} shared hugetlb
  - measure: touch 1 all
    as: touch
  - measure: [fork 1, exit 2]
    as: forkAndExit
expect:
  - { what: touch.events.pageFaults, is: pages }
  - { what: forkAndExit.events.superpageGets, is: pages, except: per-frame }
  - { what: forkAndExit.events.frameGets, is: 512 * pages, under: per-frame }
published:
  - { what: forkAndExit.modelled / pages, figure: 1us, source: nobody }
`;

const sealed = ["--scheme", "sealed"];

function file(content: string): string {
  const path = join(folder, "pool.yaml");
  writeFileSync(path, content);
  return path;
}

describe("xsp run of a file with steps", () => {
  const exports = ["pool.json", "pool.csv", "pool.md"].map((name) => join(folder, name));
  let outcome: Outcome;
  beforeAll(() => {
    outcome = xsp("run", file(text), ...exports.flatMap((name) => ["--export", name]));
  }, 60_000);

  test("shows what was measured, what was expected, and ends with 0 when all of it held", () => {
    const { code, stdout } = outcome;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^pool: A pool, and a mapping that it cannot hold\n/);
    expect(stdout).toMatch(/\ntouch: touch 1 all\n/);
    expect(stdout).toMatch(/\nforkAndExit: fork 1 and 1 more\n(.*\n)* {2}frames: general refs taken +2,048 +0\n/);
    expect(stdout).toMatch(/\n +expectation +expected +got +under\n/);
    const [both, refused] = ["per-frame, sealed", "refused: ENOMEM"];
    const words = stdout.split("\n").map((line) => line.replaceAll(/ {2,}/g, "  "));
    expect(words).toEqual(
      expect.arrayContaining([
        `held  mmap 1 10485760 shared hugetlb (line 12)  ${refused}  ${refused}  ${both}`,
        `held  cat /proc/meminfo (line 9)  HugePages_Total: 4  HugePages_Total: 4  ${both}`,
        "held  forkAndExit.events.superpageGets (line 21)  4  4  sealed",
        "All 8 expectations of the file held.",
      ]),
    );
    expect(stdout).toMatch(/\nforkAndExit\.modelled \/ pages .* 1 µs +\S+ +nobody +sealed\n/);
  });

  test("is version 2 as JSON, with every step's output", () => {
    const { v, runs, expectations, published } = JSON.parse(
      readFileSync(join(folder, "pool.json"), "utf8"),
    ) as StepsResult;
    expect(v).toBe(2);
    expect(runs.map(({ scheme, steps }) => [scheme, steps.length])).toEqual([
      ["per-frame", 7],
      ["sealed", 7],
    ]);
    expect(runs[0]?.steps[2]?.output).toEqual(["1"]);
    expect(runs[0]?.steps[3]?.refusal).toBe("ENOMEM");
    expect(expectations.every(({ held }) => held)).toBe(true);
    expect(published.map(({ scheme }) => scheme)).toEqual(["per-frame", "sealed"]);
  });

  test("writes measured steps and expectations into CSV and Markdown", () => {
    const [, csv = "", markdown = ""] = exports.map((name) => readFileSync(name, "utf8"));
    expect(csv).toContain("\nsealed,touch,pageFaults,count,4\n");
    expect(csv).toContain("\nsealed,expect,touch.events.pageFaults,held,1\n");
    expect(markdown).toContain("| touch: touch 1 all | per-frame | sealed |");
    expect(markdown).toContain("| held | touch.events.pageFaults (line 20) | 4 | 4 | per-frame, sealed |");
  });

  test("ends with 4 when an expectation was missed, and says what came instead", () => {
    const { code, stdout } = xsp("run", file(text.replace("is: pages }", "is: 5 }")), ...sealed);
    expect(code).toBe(4);
    expect(stdout).toMatch(/\nMISSED +touch\.events\.pageFaults \(line 20\) +5 +4 +sealed\n/);
    expect(stdout).toContain("\n1 of 4 expectations of the file was missed.\n");
  });

  test("goes no further than a step that was refused against expectation", () => {
    const { code, stdout } = xsp("run", file(text.replace("    refused: ENOMEM\n", "")), ...sealed);
    expect(code).toBe(4);
    expect(stdout).toMatch(/\nMISSED +mmap 1 10485760 shared hugetlb \(line 12\) +works +refused: ENOMEM +/);
    expect(stdout).toMatch(/\nMISSED +touch\.events\.pageFaults .* not reached /);
  });

  test("ends with 0 when the scenario was changed from outside, whatever it then misses", () => {
    const { code, stdout } = xsp(
      "run",
      file(text.replace("is: pages }", "is: 4 }")),
      ...sealed,
      "--set",
      "let.pages=3",
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nMISSED +touch\.events\.pageFaults \(line 20\) +4 +3 /);
  });

  test("ends with 2 and the place of a step that is no command", () => {
    const { code, stderr } = xsp("run", file(text.replace("spawn db", "spwan db")));
    expect(code).toBe(2);
    expect(stderr).toMatch(/pool\.yaml:11:5: steps\.2\.run is "spwan db": there is no command spwan\n/);
    expect(stderr).toContain("\n  do: did you mean spawn?\n");
  });

  test("ends with 2 and the place of a step whose arguments turn out to be wrong", () => {
    const { code, stderr } = xsp("run", file(text.replace("touch 1 all", "touch 9 all")), ...sealed);
    expect(code).toBe(2);
    expect(stderr).toMatch(/pool\.yaml:15: touch 9 all: .*9/);
  });
});

describe("xsp scenario list", () => {
  test("has a line for each shipped scenario", () => {
    const { code, stdout } = xsp("scenario", "list");
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.find((line) => line.startsWith("fork-64g "))).toMatch(/^fork-64g +A 64 GiB shared hugepage region/);
    for (const line of lines) expect(line).toMatch(/^\S+ {2,}\S.{20,}$/);
  });

  test("has all of them as JSON", () => {
    const { stdout } = xsp("scenario", "list", "--json");
    const { v, scenarios } = JSON.parse(stdout) as {
      v: number;
      scenarios: readonly { name: string; description: string; settings: { name: string }; text: string }[];
    };
    expect(v).toBe(1);
    for (const { name, description, settings, text: yaml } of scenarios) {
      expect(settings.name).toBe(name);
      expect(description).not.toBe("");
      expect(yaml).toContain(`\nname: ${name}\n`);
    }
  });
});

test("xsp scenario measures lists what the expectations of a file may speak of", () => {
  const { code, stdout } = xsp("scenario", "measures", file(text));
  expect(code).toBe(0);
  expect(stdout).toMatch(/\nforkAndExit\.events\.… +how often it happened\n/);
  expect(stdout).toMatch(/\nforkAndExit\.modelled +its modelled time \(a time\)\n/);
  expect(stdout).toMatch(/\npages +set by the file\n/);
  expect(stdout).toMatch(/\n… stands for one of .*\bsuperpageGets\b/);
  expect(stdout).not.toContain("logins");
});
