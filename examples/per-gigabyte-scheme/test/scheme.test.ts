import { addScheme } from "@xsp/hypervisor";
import { readLoginStorm, runScenario, shippedScenario } from "@xsp/scenario";
import { adversaryGeometries, checkModel, namedModels, runAdversary, withBounds, type NamedModel } from "@xsp/verify";
import { expect, test, vi } from "vitest";
import perGigabyte from "../scheme.js";

const { name: scheme } = addScheme(perGigabyte);

// A machine that is busy is no mistake of the scheme's.
vi.setConfig({ testTimeout: 120_000 });

/** fork-64g with 32 hugepages in place of 32,768. */
const small = [
  "host.memory=512MiB",
  "guest.memory=256MiB",
  "pool.hugepages=32",
  "process.region=64MiB",
  "workload.logins=3",
].map((text) => {
  const [path = "", value = ""] = text.split("=");
  return { path, value, flag: "--set" };
});

test("a guest forks and execs, and every count is right after each phase", () => {
  const scenario = readLoginStorm(shippedScenario("fork-64g") ?? "", { file: "fork-64g", overrides: small });
  const { fork, exec, audit, destroy } = runScenario(scenario, { scheme, now: () => 0 });
  // One for each hugepage, and none for its 512 frames: the pool is marked.
  expect(fork.events.superpageGets).toBe(32);
  expect(exec.events.superpagePuts).toBe(32);
  expect(audit.differences).toBe(0);
  expect(destroy.framesAfter).toBe(destroy.framesBefore);
});

function modelNamed(name: string): NamedModel {
  const model = namedModels.find((each) => each.name === name);
  if (model === undefined) throw new Error(`no model is called ${name}: xsp check --list tells the names`);
  return model;
}

/** What became of a model under the scheme; the token of a counterexample is what `xsp explain` takes. */
function outcome(model: NamedModel): object {
  const { verdict, counterexamples, vacuous } = checkModel(model, scheme);
  return { verdict, tokens: counterexamples.map(({ property, token }) => `${property} ${token}`), vacuous };
}

const sound = { verdict: "holds", tokens: [], vacuous: [] };

// xsp check --all --scheme ./scheme.js has every model; these take a second or two each.
test.each([
  "map-unmark-pin",
  "unmark-mapped",
  "map-map-unmap",
  "unmark-unmark-pin",
  "read-only",
  "foreign-map",
  "foreign-unmark",
  "release",
  "destroy",
  "unmark-at-last",
])("%s holds under every interleaving", (name) => {
  expect(outcome(modelNamed(name))).toEqual(sound);
});

test("two superpages of one gigabyte, under every interleaving", () => {
  expect(outcome(withBounds(modelNamed("map-map-unmap"), { superpages: 2 }))).toEqual(sound);
});

test("hostile guests find nothing", () => {
  const machine = { scheme, version: "xen-4.9", superpagesAllowed: true, ...adversaryGeometries.small };
  const { findings } = runAdversary({ machine, seed: 1, operations: 20_000, auditEvery: 100 });
  expect(findings).toEqual([]);
});
