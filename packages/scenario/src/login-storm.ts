import { MAP_ANONYMOUS, MAP_HUGETLB, MAP_SHARED, isErrno, type Guest, type Process } from "@xsp/guest";
import { errnoName } from "@xsp/hypervisor";
import type { CostProfile } from "./cost-profile.ts";
import { LoginQueue } from "./login-queue.ts";
import { modelledTime } from "./modelled-time.ts";
import type { PhaseRecorder } from "./phase-recorder.ts";
import { formatSize } from "./quantity.ts";
import { unplayable } from "./scenario-problem.ts";
import type { LoginStorm } from "./scenario.ts";
import type { OperationRun, PhaseName, SchemeRun, WallSpread } from "./scheme-run.ts";

// The login storm of a scenario, under one scheme.
//
// Every login is a real fork and a real exec in the modelled guest, under every scheme. The first is measured alone. The
// wall clock measures this program; a login's modelled time is the price of the events that this very fork and this very
// exec were counted at, and decides whether it meets the deadline.
//
// Before the first fork and before its exec a child is forked, execed and ended several times, and neither counted nor
// timed: otherwise the wall clock would show the compiler at work and the caches that the audit before has swept.

/** What a storm is played with. */
export interface StormStage {
  readonly scenario: LoginStorm;
  readonly guest: Guest;
  readonly recorder: PhaseRecorder;
  readonly profile: CostProfile;
  readonly warmUps: number;
  readonly progress: (phase: PhaseName, done?: number, total?: number) => void;
}

/** What a storm came to, and who is still there after it. */
export interface StormOutcome {
  readonly run: Pick<SchemeRun, "map" | "fork" | "exec" | "warmUps" | "logins">;
  readonly instance: Process;
  readonly sessions: readonly Process[];
}

/**
 * Maps the region and answers every login. The sessions are left running.
 *
 * @throws ScenarioError when the guest ran out of memory.
 */
export function playLoginStorm(stage: StormStage): StormOutcome {
  const { scenario, guest, recorder, profile, warmUps, progress } = stage;
  progress("map");
  const { instance, hugepages } = recorder.record("map", () => startInstance(guest, scenario));
  const { outcome, sessions } = answerLogins({ ...stage, instance });
  return {
    run: {
      map: { hugepages, wallNs: recorder.phase("map").wallNs },
      fork: operation(recorder, "fork", profile),
      exec: operation(recorder, "exec", profile),
      warmUps,
      logins: outcome,
    },
    instance,
    sessions,
  };
}

function startInstance(guest: Guest, { process }: LoginStorm): { instance: Process; hugepages: number } {
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

/** All logins, each by a fork and an exec of its own. */
function answerLogins(storm: StormStage & { readonly instance: Process }): {
  outcome: SchemeRun["logins"];
  sessions: readonly Process[];
} {
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
