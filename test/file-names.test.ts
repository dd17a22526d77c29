import { expect, test } from "vitest";
import { workspacePackages } from "./workspace-packages.ts";

// These name no concept, so everything ends up in them.
const empty = ["utils", "util", "helpers", "helper", "manager", "common", "misc"];

const paths = workspacePackages.flatMap((pkg) =>
  pkg.sources.map((source) => ({ shown: `${pkg.id}/src/${source}`, parts: source.replace(/\.\w+$/, "").split("/") })),
);

test("source files and folders are named in kebab-case", () => {
  // A version keeps its point, as in the scheme `xen-4.1`: the file is then found by the name that its users type.
  const wrong = paths.filter(({ parts }) => !parts.every((part) => /^[a-z0-9]+(-([a-z0-9]+|\d+\.\d+))*$/.test(part)));
  expect(wrong.map(({ shown }) => shown)).toEqual([]);
});

test("source files and folders are named after the one thing they hold", () => {
  const wrong = paths.filter(({ parts }) => parts.some((part) => part.split("-").some((word) => empty.includes(word))));
  expect(wrong.map(({ shown }) => shown)).toEqual([]);
});
