import { MAP_ANONYMOUS, MAP_HUGETLB, MAP_SHARED, bootGuest, isErrno, type Guest, type Process } from "@xsp/guest";
import { bytesPerFrame, createHost, errnoName, type Host, type SchemeName } from "@xsp/hypervisor";
import { costProfiles, type CostProfile } from "./cost-profile.ts";
import { LoginQueue } from "./login-queue.ts";
import { modelledTime } from "./modelled-time.ts";
import { PhaseRecorder, type Clock } from "./phase-recorder.ts";
import { formatCount, formatSize } from "./quantity.ts";
import { ScenarioError } from "./scenario-problem.ts";
import type { Scenario } from "./scenario.ts";
import type { OperationRun, PhaseName, SchemeRun, WallSpread } from "./scheme-run.ts";

// One scheme through one scenario.
//
//   boot ── pool ── map ── fork ── exec ── logins ── exits ── destroy
//    │       │       │      └──┬────┘        │         │         └ every frame is back in the heap
//    │       │       │     login 1       logins 2…n    └ the sessions end, the instance stays
//    │       │       └ the region is mapped and every hugepage of it touched
//    │       └ nr_hugepages is written; each page is marked, where the scheme has marks
//    └ host built, guest built and booted, its direct map made
//
// Every login is a real fork and a real exec in the modelled guest, under every scheme. The first is measured alone. The
// wall clock measures this program; a login's modelled time is the price of the events that this very fork and this very
// exec were counted at, and decides whether it meets the deadline.
//
// Before the first fork and before its exec a child is forked, execed and ended twice, and neither counted nor timed:
// otherwise the wall clock would show the compiler at work and the caches that the audit before has swept.

const frameBytes = 4096;

/** How far a run is. */
export interface RunProgress {
  readonly scheme: SchemeName;
  readonly phase: PhaseName;
  /** Steps of this phase that are done; only the logins have more than one. */
  readonly done: number;
  readonly total: number;
}

/** How to run one scheme. */
export interface RunOptions {
  readonly scheme: SchemeName;
  /** Nanoseconds since any fixed moment. */
  readonly now: Clock;
  /** Children forked, execed and ended unmeasured before the first fork and before the first exec. Default 8. */
  readonly warmUps?: number;
  /** Default: the scenario's. */
  readonly profile?: CostProfile;
  readonly onProgress?: (progress: RunProgress) => void;
  /** Peak resident memory of this process in bytes, asked at the end. */
  readonly peakRss?: () => number;
}

/**
 * Runs one scheme through a scenario.
 *
 * @throws ScenarioError when the scenario cannot be played: the guest ran out of memory, for example.
 */
export function runScenario(scenario: Scenario, options: RunOptions): SchemeRun {
  const { scheme, now, onProgress, peakRss } = options;
  const profile = options.profile ?? costProfiles[scenario.profile];
  const progress = (phase: PhaseName, done = 0, total = 1): void => onProgress?.({ scheme, phase, done, total });

  progress("boot");
  const started = now();
  const host = buildHost(scenario, scheme);
  const hostNs = now() - started;
  const framesBefore = host.freeFrames;
  const recorder = new PhaseRecorder(host, now);
  const guest = recorder.record("boot", () => {
    const booted = boot(host, scenario);
    recorder.attach(booted);
    return booted;
  });

  progress("pool");
  const pool = recorder.record("pool", () => fillPool(guest, scenario));

  progress("map");
  const { instance, hugepages } = recorder.record("map", () => startInstance(guest, scenario));

  const { warmUps = 8 } = options;
  const logins = answerLogins({ scenario, guest, instance, recorder, profile, progress, warmUps });

  progress("exits");
  guest.switchTo(instance);
  recorder.record("exits", () => {
    for (const session of logins.sessions) guest.exit(session);
  });

  progress("destroy");
  recorder.record("destroy", () => {
    const rc = guest.shutdown();
    if (rc !== 0) throw new Error(`domain destroy returned ${errnoName(rc)}: expected 0`);
  });

  const { phases } = recorder;
  return {
    scheme,
    boot: { wallNs: hostNs + recorder.phase("boot").wallNs },
    pool: { ...pool, wallNs: recorder.phase("pool").wallNs },
    map: { hugepages, wallNs: recorder.phase("map").wallNs },
    fork: operation(recorder, "fork", profile),
    exec: operation(recorder, "exec", profile),
    warmUps,
    logins: logins.outcome,
    audit: { differences: phases.reduce((sum, { differences }) => sum + differences, 0), audits: phases.length },
    destroy: { wallNs: recorder.phase("destroy").wallNs, framesBefore, framesAfter: host.freeFrames },
    phases,
    bytesPerFrame: bytesPerFrame(host),
    peakRssBytes: peakRss?.() ?? 0,
  };
}

function buildHost(scenario: Scenario, scheme: SchemeName): Host {
  const { memoryBytes, version, superpageOrder } = scenario.host;
  return createHost({ frames: memoryBytes / frameBytes, scheme, version, superpageOrder });
}

function boot(host: Host, { guest, pool }: Scenario): Guest {
  return bootGuest(host, {
    frames: guest.memoryBytes / frameBytes,
    style: guest.style,
    markHugepages: pool.mark,
    ...(guest.lowmemBytes === undefined ? {} : { lowmemFrames: guest.lowmemBytes / frameBytes }),
  });
}

/** Builds a scenario's host under a scheme and boots its guest on it; nothing is done there yet. */
export function bootScenario(scenario: Scenario, scheme: SchemeName): { readonly host: Host; readonly guest: Guest } {
  const host = buildHost(scenario, scheme);
  return { host, guest: boot(host, scenario) };
}

function fillPool(guest: Guest, { pool }: Scenario): { hugepages: number; marked: number } {
  const reached = guest.setNrHugepages(pool.hugepages);
  if (reached < pool.hugepages) {
    throw unplayable(
      "pool.hugepages",
      `the pool stopped growing at ${formatCount(reached)} of ${formatCount(pool.hugepages)} hugepages`,
      "enough guest memory in aligned 2 MiB pieces",
      "raise guest.memory or lower pool.hugepages",
    );
  }
  return { hugepages: reached, marked: guest.pool().marked };
}

function startInstance(guest: Guest, { process }: Scenario): { instance: Process; hugepages: number } {
  const instance = succeed(guest.spawn("instance"), "the first process did not start");
  const address = guest.mmap(instance, {
    length: process.regionBytes,
    flags: MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB,
  });
  if (address < 0) {
    throw unplayable(
      "process.region",
      `mapping ${formatSize(process.regionBytes)} of hugepages returned ${errnoName(address)}`,
      "a pool that holds the region",
      "raise pool.hugepages or lower process.region",
    );
  }
  const signal = guest.touchAll(instance, address);
  if (signal !== undefined)
    throw new Error(`touching the region ended with ${signal}: expected every page to be served`);
  const mapped = guest.processes().find(({ current }) => current)?.hugepagesMapped ?? 0;
  return { instance, hugepages: mapped };
}

interface Storm {
  readonly scenario: Scenario;
  readonly guest: Guest;
  readonly instance: Process;
  readonly recorder: PhaseRecorder;
  readonly profile: CostProfile;
  readonly warmUps: number;
  readonly progress: (phase: PhaseName, done?: number, total?: number) => void;
}

/** All logins, each by a fork and an exec of its own. */
function answerLogins(storm: Storm): { outcome: SchemeRun["logins"]; sessions: readonly Process[] } {
  const { scenario, guest, instance, recorder, profile, progress } = storm;
  const { logins } = scenario.workload;
  const queue = new LoginQueue(logins, scenario.deadlineNs);
  const sessions: Process[] = [];
  const forkNs: number[] = [];
  const execNs: number[] = [];

  const fork = (): Process => succeed(guest.fork(instance), "a fork of the instance failed");
  const exec = (session: Process): void => {
    succeed(guest.exec(session, "session"), "an exec of a session failed");
  };

  const warmUp = (): void => {
    for (let round = 0; round < storm.warmUps; round++) {
      const child = fork();
      exec(child);
      guest.exit(child);
      guest.switchTo(instance);
    }
  };

  progress("fork", 0, logins);
  warmUp();
  sessions.push(recorder.record("fork", fork));
  progress("exec", 0, logins);
  warmUp();
  recorder.record("exec", () => exec(sessions[0] as Process));
  const [first, second] = [operation(recorder, "fork", profile), operation(recorder, "exec", profile)];
  forkNs.push(first.wallNs);
  execNs.push(second.wallNs);
  queue.answer(first.modelledNs + second.modelledNs);

  recorder.record("logins", () => {
    for (let login = 1; login < logins; login++) {
      progress("logins", login, logins);
      // The session before this one is running; the spawner gets the CPU back, and that is part of its next answer.
      const turn = recorder.measure(() => guest.switchTo(instance));
      const forked = recorder.measure(fork);
      sessions.push(forked.result);
      const execed = recorder.measure(() => exec(forked.result));
      forkNs.push(forked.wallNs);
      execNs.push(execed.wallNs);
      queue.answer([turn, forked, execed].reduce((sum, { events }) => sum + modelledTime(events, profile), 0));
    }
  });

  const wallNs = [...forkNs, ...execNs].reduce((sum, ns) => sum + ns, 0);
  return {
    outcome: { ...queue.outcome(), wallNs, forkWall: spread(forkNs), execWall: spread(execNs) },
    sessions,
  };
}

function operation(recorder: PhaseRecorder, phase: "fork" | "exec", profile: CostProfile): OperationRun {
  const { wallNs, events } = recorder.phase(phase);
  return { wallNs, modelledNs: modelledTime(events, profile), events };
}

function spread(times: readonly number[]): WallSpread {
  const sorted = Float64Array.from(times).sort();
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] as number;
  return { samplesNs: times, minNs: at(0), medianNs: at(0.5), maxNs: at(1) };
}

function succeed<T>(result: T | number, problem: string): T {
  if (!isErrno(result)) return result;
  throw unplayable(
    "guest.memory",
    `${problem} with ${errnoName(result)}`,
    "enough memory outside the pool for page tables and processes",
    "raise guest.memory or lower workload.logins",
  );
}

function unplayable(path: string, problem: string, expected: string, remedy: string): ScenarioError {
  return new ScenarioError([{ path, problem, expected, remedy }]);
}
