import { audit, schemeNames, snapshotPerf, perfDifference } from "@xsp/hypervisor";
import { PlainWords } from "@xsp/words";
import { expect, it } from "vitest";
import { buildStormHost, stormTurn } from "../src/storm-host.ts";
import { runStorm } from "../src/storm.ts";
import type { StormOrder, StormOverlap } from "../src/storm-result.ts";

const hugepages = 512;
const forks = 2;
const spawners = 2;
const overlaps: readonly StormOverlap[] = ["disjoint", "same", "one", "entry", "word"];

/** The same work on plain words, one spawner after the other. */
function onPlainWords(order: StormOrder): ReturnType<typeof snapshotPerf> {
  const built = buildStormHost(order, (length) => new PlainWords(length));
  const { host } = built;
  // As in the threads, counting begins after a few rounds.
  const round = (): void => {
    for (let spawner = 0; spawner < spawners; spawner++) {
      for (let fork = 0; fork < forks; fork++) stormTurn(built, spawner, order.overlap);
    }
  };
  round();
  const before = snapshotPerf(host);
  round();
  expect(audit(host)).toEqual([]);
  return perfDifference(before, snapshotPerf(host));
}

it.each(schemeNames.flatMap((scheme) => overlaps.map((overlap) => ({ scheme, overlap }))))(
  "two threads count what one does, and what plain words do: $scheme, $overlap superpages",
  async ({ scheme, overlap }) => {
    const order = { scheme, overlap, spawners, hugepages, forks, samples: 1 };
    const one = await runStorm({ ...order, threads: 1 });
    const two = await runStorm({ ...order, threads: 2 });
    const operations = spawners * forks * hugepages;
    const { events } = one;
    expect(events).toMatchObject(
      scheme === "per-frame"
        ? { frameGets: 512 * operations, typeGets: 512 * operations, superpageGets: 0 }
        : { superpageGets: operations, superpagePuts: operations },
    );
    expect(two.events).toEqual(events);
    expect(onPlainWords({ ...order, threads: 1 })).toEqual(events);
    expect([one.differences, two.differences]).toEqual([0, 0]);
    expect([one.wallNs.length, two.wallNs.length]).toEqual([1, 1]);
  },
);

it("a storm is refused that has threads for some of its spawners only, or half a table", async () => {
  const order: StormOrder = {
    scheme: "sealed",
    overlap: "same",
    spawners: 3,
    threads: 2,
    hugepages,
    forks,
    samples: 1,
  };
  await expect(runStorm(order)).rejects.toThrow("threads: 2 given, expected 1 or 3");
  await expect(runStorm({ ...order, threads: 3, hugepages: 100 })).rejects.toThrow("expected a multiple of 512");
});
