import { join, posix } from "node:path";
import { describe, expect, test } from "vitest";
import { importsOf, readJson, workspacePackages } from "./workspace-packages.ts";

// What each package may import, as ARCHITECTURE.md draws it. Arrows point one way only, from the top of this list down.
const mayImport: Readonly<Record<string, readonly string[]>> = {
  bench: ["cli", "verify", "scenario", "guest", "hypervisor", "words"],
  cli: ["lab", "scenario", "verify", "checker"],
  docs: [],
  lab: ["scenario", "verify", "guest", "checker", "hypervisor"],
  verify: ["checker", "guest", "hypervisor", "words"],
  scenario: ["guest", "hypervisor", "words"],
  guest: ["hypervisor", "words"],
  checker: ["words"],
  hypervisor: ["words"],
  words: [],
};

/** The second entry of a package, for Node: its threads are for the command line alone. */
const nodeEntry = "@xsp/checker/node";

/** Nothing to compile against: its built files are all that it is. */
const filesAlone = "@xsp/lab";

const order = Object.keys(mayImport);

test("no arrow of the table points upwards", () => {
  const upwards = Object.entries(mayImport).flatMap(([from, targets]) =>
    targets.filter((to) => order.indexOf(to) <= order.indexOf(from)).map((to) => `${from} -> ${to}`),
  );
  expect(upwards).toEqual([]);
});

test("every package of the workspace has its row in the table", () => {
  expect(workspacePackages.map(({ id }) => id).filter((id) => !(id in mayImport))).toEqual([]);
});

test("every package is built before the tests of the house run", () => {
  const { tasks } = readJson<{ tasks: Record<string, { dependsOn?: string[] }> }>("turbo.json");
  expect(tasks["//#test:house"]?.dependsOn?.toSorted()).toEqual(
    workspacePackages.map(({ manifest }) => `${manifest.name}#build`).toSorted(),
  );
});

describe.each(workspacePackages.map((pkg) => [pkg.id, pkg] as const))("%s", (id, pkg) => {
  const allowed = (mayImport[id] ?? []).map((name) => `@xsp/${name}`);
  const declared = Object.keys(pkg.manifest.dependencies ?? {});

  test("depends on nothing above it", () => {
    const forbidden = declared.filter((name) => name.startsWith("@xsp/") && !allowed.includes(name));
    expect(forbidden, `${id} may depend on ${allowed.join(", ") || "no other package"}`).toEqual([]);
  });

  test("references in its tsconfig.json the very packages it depends on", () => {
    const { references = [] } = readJson<{ references?: { path: string }[] }>(
      posix.relative(join(pkg.folder, "..", ".."), pkg.folder),
      "tsconfig.json",
    );
    expect(references.map(({ path }) => `@xsp/${posix.basename(path)}`).toSorted()).toEqual(
      declared.filter((name) => name.startsWith("@xsp/") && name !== filesAlone).toSorted(),
    );
  });

  test("imports other packages through their index, and only those it may", () => {
    const entries = id === "cli" ? [...allowed, nodeEntry] : allowed;
    const forbidden = pkg.sources.flatMap((source) =>
      importsOf(join(pkg.folder, "src", source))
        .filter((name) => (name.startsWith("@xsp/") ? !entries.includes(name) : leavesSource(source, name)))
        .map((name) => `src/${source} imports ${name}`),
    );
    expect(forbidden, `${id} may import ${allowed.join(", ") || "no other package"}, by that name alone`).toEqual([]);
  });
});

function leavesSource(source: string, name: string): boolean {
  return name.startsWith(".") && posix.join(posix.dirname(source), name).startsWith("..");
}
