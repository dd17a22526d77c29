// What somebody does who has only the published packages: each is used once, for real, with nothing but the language's
// own globals. It runs twice: from the tarballs in an empty folder, and bundled for a browser in a bare context.
import { bootGuest } from "@xsp/guest";
import { audit, createDomain, createHost, destroyDomain } from "@xsp/hypervisor";
import { readLoginStorm, runScenario, shippedScenario } from "@xsp/scenario";
import { AccessCounter, PlainWords, SharedWords, type Words } from "@xsp/words";

function expectEqual(what: string, seen: unknown, expected: unknown): void {
  if (seen !== expected) throw new Error(`${what}: saw ${String(seen)}, expected ${String(expected)}`);
}

const backends: Record<string, Words> = {
  plain: new PlainWords(4),
  shared: new SharedWords(4),
  counting: new AccessCounter().allocate(4, "sample"),
};
for (const [name, words] of Object.entries(backends)) {
  words.store(3, 7);
  expectEqual(`${name}: a swap that fails gives the value seen`, words.compareAndSwap(3, 8, 9), 7);
  expectEqual(`${name}: a swap that fits gives the value expected`, words.compareAndSwap(3, 7, -1), 7);
  expectEqual(`${name}: the word is changed`, words.waitWhile(3, 7), -1);
}

const counter = new AccessCounter();
const host = createHost({ frames: 16_384, scheme: "xen-4.1", allocate: counter.allocate });
const free = host.freeFrames;
const bystander = createDomain(host);
const guest = bootGuest(host, { memoryMiB: 16 });
guest.setNrHugepages(2);
expectEqual("hugepages in the pool", guest.pool().total, 2);
expectEqual("swaps of the host's words", counter.counts().swaps > 16 * 256, true);
expectEqual("differences the audit finds", audit(host).length, 0);
expectEqual("the guest's shutdown", guest.shutdown(), 0);
expectEqual("frames that a domain left behind", destroyDomain(bystander), 0);
expectEqual("free frames after both are gone", host.freeFrames, free);

const set = (path: string, value: string) => ({ path, value, flag: `--set ${path}=${value}` });
const scenario = readLoginStorm(shippedScenario("fork-64g") ?? "", {
  file: "fork-64g",
  overrides: [
    set("host.memory", "256MiB"),
    set("guest.memory", "128MiB"),
    set("pool.hugepages", "16"),
    set("process.region", "32MiB"),
    set("workload.logins", "3"),
  ],
});
const runs = (["per-frame", "sealed"] as const).map((scheme) => runScenario(scenario, { scheme, now: () => 0 }));
const [perFrame, sealed] = runs;
expectEqual("type references of a fork, frame by frame", perFrame?.fork.events.typeGets, 16 * 512);
expectEqual("logins served by the sealed scheme", sealed?.logins.inTime, 3);
expectEqual(
  "differences over both runs",
  runs.reduce((sum, { audit: { differences } }) => sum + differences, 0),
  0,
);

/** Shows that the end was reached. */
export const used: readonly string[] = ["words", "hypervisor", "guest", "scenario"];
