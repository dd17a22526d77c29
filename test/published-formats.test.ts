import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isBroken, readFragment } from "../apps/lab/src/route.ts";
import { documentsOf, schemaProblems } from "./json-forms.ts";
import { workspaceRoot } from "./workspace-packages.ts";

/*
 * What published versions wrote, held against this one: docs/schema-versions.md. `scripts/format-fixtures.mjs` made the
 * fixtures, from the programs of each version themselves.
 */

const fixtures = join(workspaceRoot, "test", "fixtures");
const xsp = join(workspaceRoot, "packages", "cli", "bin", "xsp.js");
const bench = join(workspaceRoot, "apps", "bench", "dist", "main.js");

/** A command, and what it wrote in its version. Files that it names are in its folder. */
interface Recorded {
  readonly args: readonly string[];
  readonly input: string;
  readonly status: number;
  readonly output: unknown;
}

const run = (program: string, args: readonly string[], cwd: string, input = "") =>
  spawnSync(process.execPath, [program, ...args], { cwd, encoding: "utf8", input });

/** Every path of a JSON value with the type that stands there; items of an array are one path. */
function shapeOf(value: unknown, path = "$", found = new Map<string, Set<string>>()): Map<string, Set<string>> {
  const type = Array.isArray(value) ? "array" : value === null ? "null" : typeof value;
  found.set(path, (found.get(path) ?? new Set()).add(type));
  if (Array.isArray(value)) for (const item of value) shapeOf(item, `${path}[]`, found);
  else if (typeof value === "object" && value !== null) {
    for (const [name, part] of Object.entries(value)) shapeOf(part, `${path}.${name}`, found);
  }
  return found;
}

/** Paths that a reader of `then` would miss in `now`, or find something else at. What may be null may be so in either. */
function missed(then: unknown, now: unknown): string[] {
  const present = shapeOf(now);
  const nulls = [...present].filter(([, types]) => types.has("null")).map(([path]) => path);
  return [...shapeOf(then)].flatMap(([path, types]) => {
    const seen = present.get(path);
    if (seen === undefined)
      return nulls.some((nothing) => path.startsWith(`${nothing}.`) || path.startsWith(`${nothing}[`)) ? [] : [path];
    const fits = seen.has("null") || types.has("null") || [...types].some((type) => seen.has(type));
    return fits ? [] : [`${path}: ${[...types].join(" or ")} then, ${[...seen].join(" or ")} now`];
  });
}

const versionOf = (output: unknown): unknown => (output as { readonly v?: unknown }).v;

describe("what a reader would miss", () => {
  test.each([
    ["nothing", { a: 1, b: [{ c: "x" }] }, { a: 2, b: [{ c: "y", d: 1 }], e: 3 }, []],
    ["a field that is gone", { a: 1, b: 2 }, { a: 1 }, ["$.b"]],
    ["a field of items", { a: [{ b: 1, c: 2 }] }, { a: [{ b: 1 }] }, ["$.a[].c"]],
    ["another type", { a: 1 }, { a: "1" }, ["$.a: number then, string now"]],
    ["nothing, where there may be null", { a: { b: 1 } }, { a: null }, []],
  ])("is %s", (_, then, now, expected) => {
    expect(missed(then, now)).toEqual(expected);
  });
});

describe.each(readdirSync(fixtures))("what version %s wrote", (version) => {
  const folder = join(fixtures, version);
  const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), "utf8"));
  const isCommand = (name: string) =>
    name.endsWith(".json") && name !== "bench-report.json" && name !== "lab-links.json";

  test.each(readdirSync(folder).filter(isCommand))(
    "%s: the same command is taken, and writes all that it wrote",
    (name) => {
      const { args, input, status, output } = read(name) as Recorded;
      const now = run(xsp, args, folder, input);
      expect(now.stderr).not.toContain("bug of XSP");
      expect(now.status).toBe(status);
      const written: unknown = Array.isArray(output)
        ? now.stdout
            .trimEnd()
            .split("\n")
            .map((line) => JSON.parse(line) as unknown)
        : JSON.parse(now.stdout);
      const [form, documents] = documentsOf(name.replace(/\.json$/, ""), written);
      expect(documents.flatMap((document) => schemaProblems(form, document))).toEqual([]);
      // An output that has another version of its own has been changed on purpose; the page says how.
      if (versionOf(written) === versionOf(output)) expect(missed(output, written)).toEqual([]);
    },
  );

  test("its tokens name the same model, scheme, bounds and property", () => {
    const { args, output, input } = read("replay-token.json") as Recorded;
    const { model, scheme, bounds, violated } = output as Record<string, readonly Record<string, unknown>[]>;
    const properties = violated?.map(({ property }) => ({ property }));
    expect(JSON.parse(run(xsp, args, folder, input).stdout)).toMatchObject({
      model,
      scheme,
      bounds,
      violated: properties,
    });
  });

  test("its benchmark results can be compared with", () => {
    const { status, stderr, stdout } = run(
      bench,
      ["--compare", "bench-report.json", "--with", "bench-report.json"],
      folder,
    );
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).toMatch(/sealed: fork .*1x/);
  });

  test("its links lead somewhere in the lab", () => {
    for (const link of read("lab-links.json") as string[]) {
      const place = readFragment(link);
      expect(isBroken(place) ? place.problem : "", link).toBe("");
    }
  });
});

test.each(["xsp-checkpoint-1", "xsp-checkpoint-999", ""])(
  "a checkpoint that begins with %j is refused with what to do",
  (magic) => {
    const file = join(mkdtempSync(join(tmpdir(), "xsp-checkpoint-")), "old.bin");
    writeFileSync(file, Buffer.concat([Buffer.from([magic.length]), Buffer.from(magic), Buffer.alloc(64)]));
    const { status, stderr } = run(xsp, ["check", "mark-mark", "--scheme", "sealed", "--resume", file], workspaceRoot);
    expect(status).toBe(2);
    expect(stderr).toContain("leave --resume out to begin anew");
  },
);
