import { describe, expect, test } from "vitest";
import {
  costProfiles,
  modelledTime,
  parseOverride,
  phaseNames,
  readLoginStorm,
  runScenario,
  schemeNames,
  shippedScenario,
  type RunProgress,
  type LoginStorm,
  type SchemeName,
  type SchemeRun,
} from "../src/index.ts";

const hugepages = 32;
const frames = hugepages * 512;
const logins = 4;
/** A storm without steps after it. */
const stormPhases = phaseNames.filter((phase) => phase !== "steps");

function small(...sets: readonly string[]): LoginStorm {
  const overrides = [
    "host.memory=512MiB",
    "guest.memory=256MiB",
    `pool.hugepages=${hugepages}`,
    "process.region=64MiB",
    `workload.logins=${logins}`,
    ...sets,
  ]
    .map((set) => parseOverride(set, "--set"))
    .filter((override) => override !== undefined);
  return readLoginStorm(shippedScenario("fork-64g") as string, { file: "fork-64g", overrides });
}

/** A clock that moves by 1 ns each time it is read: a run then depends on nothing but its scenario. */
function tickingClock(): () => number {
  let ns = 0;
  return () => ++ns;
}

function run(scheme: SchemeName, ...sets: readonly string[]): SchemeRun {
  return runScenario(small(...sets), { scheme, now: tickingClock() });
}

describe.each(schemeNames)("%s", (scheme) => {
  const result = run(scheme);
  const perFrame = scheme === "per-frame";

  test("fork and exec count what the scheme takes for each hugepage", () => {
    const counted = perFrame
      ? { frameGets: frames, typeGets: frames, superpageGets: 0 }
      : { frameGets: 0, typeGets: 0, superpageGets: hugepages };
    expect(result.fork.events).toMatchObject({ ...counted, framePuts: 0, typePuts: 0, superpagePuts: 0 });
    const given = perFrame
      ? { framePuts: frames, typePuts: frames, superpagePuts: 0 }
      : { framePuts: 0, typePuts: 0, superpagePuts: hugepages };
    expect(result.exec.events).toMatchObject({ ...given, frameGets: 0, typeGets: 0, superpageGets: 0 });
  });

  test("the fork's entries are plain stores of the guest, whatever the scheme", () => {
    const { guestStores, pageUpdates, ptwrEmulations, pageFaults, pteWrites } = result.fork.events;
    expect(pageFaults).toBe(0);
    // 32 PMDs, a PUD, and the PGD in both roots.
    expect(guestStores).toBeGreaterThanOrEqual(hugepages + 3);
    // What Xen writes are the direct map's entries of the new tables, which turn read-only.
    expect(pageUpdates).toBe(4);
    expect(pteWrites).toBe(guestStores + pageUpdates + ptwrEmulations);
    expect(result.fork.events.hypercalls).toBeLessThan(10);
  });

  test("the pool is full, and marked where the scheme has marks", () => {
    expect(result.pool).toMatchObject({ hugepages, marked: perFrame ? 0 : hugepages });
    expect(result.map.hugepages).toBe(hugepages);
  });

  test("the audit finds nothing after any phase, and destroy leaves nothing behind", () => {
    expect(result.phases.map(({ phase, differences }) => [phase, differences])).toEqual(
      stormPhases.map((phase) => [phase, 0]),
    );
    expect(result.audit).toEqual({ differences: 0, audits: stormPhases.length });
    expect(result.destroy.framesAfter).toBe(result.destroy.framesBefore);
  });

  test("modelled time is the price of the counted events", () => {
    const profile = costProfiles["xeon-x5570-2009"];
    expect(result.fork.modelledNs).toBe(modelledTime(result.fork.events, profile));
    expect(result.exec.modelledNs).toBe(modelledTime(result.exec.events, profile));
  });

  test("each login adds the modelled time of its own fork and exec", () => {
    const { offered, inTime, lastModelledNs } = result.logins;
    const first = result.fork.modelledNs + result.exec.modelledNs;
    expect([offered, inTime]).toEqual([logins, logins]);
    expect(lastModelledNs).toBeGreaterThanOrEqual(first * logins);
    // From the second login on the spawner has to be switched back to.
    expect(lastModelledNs).toBeLessThan(first * logins * 1.1);
  });

  test("tells of every login when it was answered and how long it took", () => {
    const { answeredNs, lastModelledNs, forkWall, execWall } = result.logins;
    expect(answeredNs).toHaveLength(logins);
    expect(answeredNs).toEqual([...answeredNs].sort((a, b) => a - b));
    expect(answeredNs[0]).toBe(result.fork.modelledNs + result.exec.modelledNs);
    expect(answeredNs.at(-1)).toBe(lastModelledNs);
    for (const { samplesNs, minNs, maxNs } of [forkWall, execWall]) {
      expect(samplesNs).toHaveLength(logins);
      expect([Math.min(...samplesNs), Math.max(...samplesNs)]).toEqual([minNs, maxNs]);
    }
  });

  test("is the same run every time", () => {
    expect(run(scheme)).toEqual(result);
  });
});

test("a login that is answered after the deadline is late", () => {
  const { logins: all, fork, exec } = run("per-frame");
  const second = Math.ceil(fork.modelledNs + exec.modelledNs) * 2 + 20_000;
  const { logins: late } = run("per-frame", `deadline=${second}ns`);
  expect(late.inTime).toBe(2);
  expect(late.lastModelledNs).toBe(all.lastModelledNs);
});

test("without marks in the pool, a fork still counts superpages under xen-4.1, for the parent maps them", () => {
  const { pool, fork } = run("xen-4.1", "pool.mark=false");
  expect(pool.marked).toBe(0);
  expect(fork.events).toMatchObject({ frameGets: 0, superpageGets: hugepages });
});

test("without marks in the pool, rfc counts frame by frame", () => {
  const { fork } = run("rfc", "pool.mark=false");
  expect(fork.events).toMatchObject({ frameGets: frames, typeGets: frames, superpageGets: 0 });
});

test("a 32-bit style guest runs the same scenario", () => {
  const { audit, fork, pool } = run("sealed", "guest.style=32-bit", "guest.lowmem=64MiB");
  expect(audit.differences).toBe(0);
  expect(pool.marked).toBe(hugepages);
  expect(fork.events).toMatchObject({ frameGets: 0, superpageGets: hugepages });
});

test("the other profile prices the same events differently", () => {
  const scenario = small("profile=modern");
  const modern = runScenario(scenario, { scheme: "per-frame", now: tickingClock() });
  const old = run("per-frame");
  expect(modern.fork.events).toEqual(old.fork.events);
  expect(modern.fork.modelledNs).toBeLessThan(old.fork.modelledNs);
});

test("tells how far it is, phase by phase", () => {
  const seen: RunProgress[] = [];
  runScenario(small(), { scheme: "sealed", now: tickingClock(), onProgress: (progress) => seen.push(progress) });
  expect([...new Set(seen.map(({ phase }) => phase))]).toEqual(stormPhases);
  expect(seen.filter(({ phase }) => phase === "logins").map(({ done }) => done)).toEqual([1, 2, 3]);
});

test("asks for peak memory once, at the end", () => {
  let asked = 0;
  const result = runScenario(small(), { scheme: "sealed", now: tickingClock(), peakRss: () => ++asked });
  expect([asked, result.peakRssBytes]).toEqual([1, 1]);
});

test("a guest too small for its processes is refused as a scenario, not as a bug", () => {
  expect(() =>
    runScenario(small("guest.memory=84MiB", "workload.logins=5000"), { scheme: "sealed", now: tickingClock() }),
  ).toThrow(/guest\.memory: an? (fork|exec) .* failed with .*ENOMEM\n {2}expected: .*\n {2}do: raise guest\.memory/);
});
