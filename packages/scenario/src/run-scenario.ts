import { bootGuest, type Guest } from "@xsp/guest";
import { bytesPerFrame, createHost, errnoName, type Host, type SchemeName } from "@xsp/hypervisor";
import { costProfiles, type CostProfile } from "./cost-profile.ts";
import { playLoginStorm, type StormOutcome } from "./login-storm.ts";
import { PhaseRecorder, type Clock } from "./phase-recorder.ts";
import { formatCount } from "./quantity.ts";
import { unplayable } from "./scenario-problem.ts";
import { isLoginStorm, type LoginStorm, type Scenario } from "./scenario.ts";
import type { PhaseName, SchemeRun, StepsRun } from "./scheme-run.ts";
import { playSteps } from "./step-run.ts";

// One scheme through one scenario.
//
//   boot ── pool ── map ── fork ── exec ── logins ── steps ── exits ── destroy
//    │       │       │      └──┬────┘        │         │        │        └ every frame is back in the heap
//    │       │       │      login 1       logins 2…n   │        └ the sessions end, the instance stays
//    │       │       └ the region is mapped and every  └ what the file has typed at the console
//    │       │         hugepage of it touched
//    │       └ nr_hugepages is written; each page is marked, where the scheme has marks
//    └ host built, guest built and booted, its direct map made
//
// A scenario without a workload is boot, pool (when it asks for one), steps and destroy.

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
 * @throws ScenarioError when the scenario cannot be played: the guest ran out of memory, or a step is no command.
 */
export function runScenario(scenario: LoginStorm, options: RunOptions): SchemeRun;
export function runScenario(scenario: Scenario, options: RunOptions): SchemeRun | StepsRun;
export function runScenario(scenario: Scenario, options: RunOptions): SchemeRun | StepsRun {
  const { scheme, now, onProgress, peakRss, warmUps = 8 } = options;
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

  let pool = { hugepages: 0, marked: 0, wallNs: 0 };
  if (scenario.pool.hugepages > 0) {
    progress("pool");
    const filled = recorder.record("pool", () => fillPool(guest, scenario));
    pool = { ...filled, wallNs: recorder.phase("pool").wallNs };
  }

  const stage = { guest, recorder, profile, progress };
  const storm = isLoginStorm(scenario) ? playLoginStorm({ ...stage, scenario, warmUps }) : undefined;
  const played = playSteps({ ...stage, scenario, scheme });

  if (storm !== undefined) {
    progress("exits");
    recorder.record("exits", () => endSessions(guest, storm));
  }

  progress("destroy");
  recorder.record("destroy", () => {
    const rc = guest.shutdown();
    if (rc !== 0) throw new Error(`domain destroy returned ${errnoName(rc)}: expected 0`);
  });

  const { phases } = recorder;
  return {
    scheme,
    boot: { wallNs: hostNs + recorder.phase("boot").wallNs },
    pool,
    ...storm?.run,
    ...played,
    audit: { differences: phases.reduce((sum, { differences }) => sum + differences, 0), audits: phases.length },
    destroy: { wallNs: recorder.phase("destroy").wallNs, framesBefore, framesAfter: host.freeFrames },
    phases,
    bytesPerFrame: bytesPerFrame(host),
    peakRssBytes: peakRss?.() ?? 0,
  };
}

/** Ends the sessions that the steps have left. The instance stays; it may have been ended by a step as well. */
function endSessions(guest: Guest, { instance, sessions }: StormOutcome): void {
  if (instance.mm !== undefined) guest.switchTo(instance);
  for (const session of sessions) if (session.mm !== undefined) guest.exit(session);
}

function buildHost(scenario: Scenario, scheme: SchemeName): Host {
  const { memoryBytes, version, superpageOrder } = scenario.host;
  return createHost({ frames: memoryBytes / frameBytes, scheme, version, superpageOrder });
}

function boot(host: Host, { guest, pool }: Scenario): Guest {
  return bootGuest(host, {
    frames: guest.memoryBytes / frameBytes,
    style: guest.style,
    populate: guest.populate,
    balloonHugepages: guest.balloonHugepages,
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
