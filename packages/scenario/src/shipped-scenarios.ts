import { nearestName } from "./nearest-name.ts";
import { balloonMarked } from "./shipped/balloon-marked.ts";
import { dbRestart, dbRestartUnmarked } from "./shipped/db-restart.ts";
import { fork4k } from "./shipped/fork-4k.ts";
import { fork64gPrivate } from "./shipped/fork-64g-private.ts";
import { fork64g } from "./shipped/fork-64g.ts";
import { highmemPool } from "./shipped/highmem-pool.ts";
import { host1t } from "./shipped/host-1t.ts";
import { loginStorm } from "./shipped/login-storm.ts";
import { poolDiscontiguous } from "./shipped/pool-discontiguous.ts";
import { poolShrink } from "./shipped/pool-shrink.ts";
import { redisSnapshot } from "./shipped/redis-snapshot.ts";
import { snapshotTorn } from "./shipped/snapshot-torn.ts";

/** The text of every scenario that comes with this package, by name: the gallery, in the order of docs/gallery.md. */
export const shippedScenarios: Readonly<Record<string, string>> = {
  "fork-64g": fork64g,
  "fork-64g-private": fork64gPrivate,
  "fork-4k": fork4k,
  "redis-snapshot": redisSnapshot,
  "snapshot-torn": snapshotTorn,
  "login-storm": loginStorm,
  "db-restart": dbRestart,
  "db-restart-unmarked": dbRestartUnmarked,
  "pool-shrink": poolShrink,
  "pool-discontiguous": poolDiscontiguous,
  "balloon-marked": balloonMarked,
  "highmem-pool": highmemPool,
  "host-1t": host1t,
};

/** The names of {@link shippedScenarios}. */
export const shippedScenarioNames: readonly string[] = Object.keys(shippedScenarios);

/** The text of a shipped scenario, or undefined when there is none of that name. */
export function shippedScenario(name: string): string | undefined {
  return Object.hasOwn(shippedScenarios, name) ? shippedScenarios[name] : undefined;
}

/** The shipped scenario that a mistyped name most likely means. */
export function nearestShippedScenario(name: string): string | undefined {
  return nearestName(name, shippedScenarioNames);
}
