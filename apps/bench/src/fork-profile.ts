import { Session, type Profiler } from "node:inspector";
import { promisify } from "node:util";
import { bootScenario, Console, readLoginStorm, shippedScenario, type SchemeName } from "@xsp/scenario";
import { overridesOf } from "./scenario-run.ts";
import { selfTimesUnder, type SelfTime } from "./self-times.ts";

/** What is profiled. */
export interface ForkProfileOrder {
  readonly scheme: SchemeName;
  /** `path=value`, as `xsp run --set` takes them. */
  readonly sets: readonly string[];
  readonly forks: number;
}

/** The profile of the forks alone. */
export interface ForkProfile {
  readonly hugepages: number;
  /** Time in all forks together, and in each function of them by itself. */
  readonly ns: number;
  readonly selfTimes: readonly SelfTime[];
}

/** Forks that are made before, so that the compiler is done. */
const warmUps = 4;
const samplingMicroseconds = 100;
const hugepageBytes = 2 ** 21;

/**
 * Boots the guest of fork-64g, maps its region and samples forks of its process: the boot and the exits
 * between them are not in it.
 *
 * @throws ScenarioError for a wrong `sets`.
 */
export async function profileForks({ scheme, sets, forks }: ForkProfileOrder): Promise<ForkProfile> {
  const session = new Session();
  session.connect();
  const post = promisify(session.post.bind(session)) as (method: string, parameters?: object) => Promise<unknown>;
  await post("Profiler.enable");
  await post("Profiler.setSamplingInterval", { interval: samplingMicroseconds });
  await post("Profiler.start");

  const overrides = overridesOf(sets);
  const scenario = readLoginStorm(shippedScenario("fork-64g") ?? "", { file: "fork-64g", overrides });
  const { host, guest } = bootScenario(scenario, scheme);
  guest.setNrHugepages(scenario.pool.hugepages);
  const instance = guest.spawn("instance");
  if (typeof instance === "number") throw new Error(`the first process did not start: errno ${instance}`);
  const console = new Console(host, guest);
  for (const line of [
    `mmap ${instance.pid} ${scenario.process.regionBytes} shared hugetlb`,
    `touch ${instance.pid} all`,
  ]) {
    const { status, errors } = console.run(line);
    if (status !== 0) throw new Error(`${line}: ${errors.join("; ")}`);
  }
  const endOfChild = (child: ReturnType<typeof guest.fork>): void => {
    if (typeof child === "number") throw new Error(`a fork failed: errno ${child}`);
    guest.exit(child);
    guest.switchTo(instance);
  };
  for (let fork = 0; fork < warmUps; fork++) endOfChild(guest.fork(instance));
  const sampledFork = (): ReturnType<typeof guest.fork> => guest.fork(instance);
  for (let fork = 0; fork < forks; fork++) endOfChild(sampledFork());
  const { profile } = (await post("Profiler.stop")) as { profile: Profiler.Profile };
  session.disconnect();
  const selfTimes = selfTimesUnder(profile, sampledFork.name);
  return {
    hugepages: scenario.process.regionBytes / hugepageBytes,
    ns: selfTimes.reduce((sum, { ns }) => sum + ns, 0),
    selfTimes,
  };
}
