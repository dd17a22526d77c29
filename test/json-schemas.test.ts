import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { documentsOf, formNames, schemaOf, schemaProblems } from "./json-forms.ts";
import { workspaceRoot } from "./workspace-packages.ts";

/*
 * The JSON Schemas of docs/reference/schemas take what the commands write, and nothing that a reader could not use. That
 * they are current is held by test/docs/commands.test.ts; what the fixtures' commands write now, by
 * published-formats.test.ts.
 */

const fixtures = join(workspaceRoot, "test", "fixtures");
const read = (...path: string[]): unknown => JSON.parse(readFileSync(join(fixtures, ...path), "utf8"));

/** What published versions wrote: one or more documents of each form that has fixtures. */
const published: readonly (readonly [name: string, form: string, document: unknown])[] = readdirSync(fixtures).flatMap(
  (version) =>
    readdirSync(join(fixtures, version))
      .filter((file) => file.endsWith(".json") && file !== "lab-links.json")
      .flatMap((file) => {
        const name = file.replace(/\.json$/, "");
        const content = read(version, file);
        const [form, written] = documentsOf(name, name === "bench-report" ? content : (content as Output).output);
        return written.map((document, at) => [`${version}/${name} ${at}`, form, document] as const);
      }),
);

interface Output {
  readonly output: unknown;
}

const folder = mkdtempSync(join(tmpdir(), "xsp-schemas-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function xsp(...args: string[]): string {
  const program = join(workspaceRoot, "packages", "cli", "bin", "xsp.js");
  const { stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd: folder, encoding: "utf8" });
  if (stdout === "") throw new Error(`xsp ${args.join(" ")}: ${stderr}`);
  return stdout;
}

// All models take minutes; what --all writes is a list of what was written for one.
const checks = published.filter(([, form]) => form === "check").map(([, , document]) => document);
const { token } = checks.find((check) => (check as { token: unknown }).token !== null) as { readonly token: string };
xsp("explain", token, "--export", "race.jsonl");
const [header = "", step = ""] = readFileSync(join(folder, "race.jsonl"), "utf8").split("\n");

/** What is written now, of forms that have none. */
const written = (
  [
    ["scenario-list", xsp("scenario", "list", "--json")],
    ["check-list", xsp("check", "--list", "--format", "json")],
    ["check-all", JSON.stringify(checks)],
    ["new-scheme", xsp("new", "scheme", "mine", "--format", "json")],
    ["counterexample-line", header],
    ["counterexample-line", step],
  ] as const
).map(([form, text]) => [form, JSON.parse(text) as unknown] as const);

const documents = [...published.map(([, form, document]) => [form, document] as const), ...written];

/** A field or an item, and what holds it. */
interface Place {
  readonly path: string;
  readonly holder: Record<string, unknown>;
  readonly name: string;
}

/** Every field of a document and the first item of every list, once for each path. */
function placesOf(document: unknown): Place[] {
  const found = new Map<string, Place>();
  const visit = (holder: unknown, path: string): void => {
    if (typeof holder !== "object" || holder === null) return;
    const isList = Array.isArray(holder);
    for (const [name, value] of Object.entries(holder)) {
      const place = isList ? `${path}[]` : `${path}.${name}`;
      if (!found.has(place)) found.set(place, { path: place, holder: holder as Record<string, unknown>, name });
      visit(value, place);
    }
  };
  visit(document, "");
  return [...found.values()];
}

/** The places at which a change of the document is not refused. */
function accepted(form: string, document: unknown, places: readonly Place[], change: (place: Place) => void): string[] {
  // A document of an earlier version may lack what was added since.
  const unchanged = schemaProblems(form, document).length;
  return places
    .filter((place) => {
      const { holder, name } = place;
      const before = holder[name];
      change(place);
      const isAccepted = schemaProblems(form, document).length <= unchanged;
      holder[name] = before;
      return isAccepted;
    })
    .map(({ path }) => path);
}

/** Fields that are absent where there is nothing to tell, and names that a file or a model chose itself. */
const mayBeAbsent: readonly RegExp[] = [
  /\.(expectations|expect|steps)\[\]\.line$/,
  /\.(expect|published)\[\]\.under$/,
  /\.expect\[\]\.bounds\.(is|atLeast|atMost)$/,
  /\.settings\.let\.\w+$/,
  /\.settings\.steps\[\]\.(as|refused)$/,
  /\.runs\[\]\.steps\[\]\.refusal$/,
  /steps\[\]\.operation$/,
  /\.notes\[\]\.result$/,
  /^\.options\.\w+$/,
  /^\.(scenario|ratios|ratios\.breakEvenFrameNs)$/,
];

/** Of each form the document that shows most of it. */
const richest = formNames.map((form) => {
  const [most = []] = documents
    .filter(([of]) => of === form)
    .map(([, document]) => [document, placesOf(document).length] as const)
    .toSorted(([, a], [, b]) => b - a);
  return [form, most[0]] as const;
});

test("there is a document of every form", () => {
  expect(new Set(documents.map(([form]) => form))).toEqual(new Set(formNames));
});

test.each(published)("%s is what the schema of %s says, but for fields added since", (_name, form, document) => {
  expect(schemaProblems(form, document, true)).toEqual([]);
});

test.each(written)("the schema of %s takes what is written now", (form, document) => {
  expect(schemaProblems(form, document)).toEqual([]);
});

describe.each(richest)("the schema of %s", (form, document) => {
  const places = placesOf(document);

  test("refuses a value of another type, wherever it stands", () => {
    const change = ({ holder, name }: Place): void => {
      holder[name] = Array.isArray(holder[name]) ? {} : [[]];
    };
    expect(accepted(form, document, places, change)).toEqual([]);
  });

  test("refuses a document that lacks a field", () => {
    const fields = places.filter(({ holder }) => !Array.isArray(holder));
    const change = ({ holder, name }: Place): void => void delete holder[name];
    const missed = accepted(form, document, fields, change);
    expect(missed.filter((path) => !mayBeAbsent.some((pattern) => pattern.test(path)))).toEqual([]);
  });

  test("refuses another version", () => {
    const versions = places.filter(({ path }) => path === ".v");
    const change = ({ holder, name }: Place): void => {
      holder[name] = 99;
    };
    expect(accepted(form, document, versions, change)).toEqual([]);
  });

  test("takes fields that it does not know, and new words where a list of them may grow", () => {
    const later: unknown = JSON.parse(JSON.stringify(document), (_name, value: unknown) => {
      if (typeof value === "string") return `${value}, as of later`;
      const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
      return isObject ? { ...value, addedLater: 1 } : value;
    });
    expect(schemaProblems(form, later, true)).toEqual([]);
  });

  test("says of every field of the document what it is", () => {
    const { properties = {} } = schemaOf(form) as { properties?: Readonly<Record<string, object>> };
    const silent = Object.entries(properties).filter(([, field]) => !("description" in field) && !("$ref" in field));
    expect(silent.map(([name]) => name)).toEqual([]);
  });
});
