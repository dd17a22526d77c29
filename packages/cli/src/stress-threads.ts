import { Worker } from "node:worker_threads";
import {
  type BrokenProperty,
  RoundControl,
  Shared,
  stressMemory,
  type StressPlan,
  type StressThreadReport,
  type StressThreadStart,
} from "@xsp/verify";

// One thread for each vCPU, and this one beside them: it sleeps, looks now and then how far they are, and ends the run.

/** Milliseconds from one look to the next. */
const LOOK_EVERY_MS = 100;
/** Looks without a finished round until the run is taken to hang. Looks, not a time: a laptop that slept is no hang. */
const LOOKS_TO_A_HANG = 100;
/** A thread that can still end does so within this. */
const LEAVE_MS = 1000;

/** What a thread has to load before it starts. */
export interface SchemeModules {
  readonly modules: readonly string[];
}

/** How a stress run is run. */
export interface StressOptions {
  /** Seed of the delays. */
  readonly seed: number;
  /** End after so many rounds. */
  readonly rounds?: number;
  /** End after so many seconds. */
  readonly seconds?: number;
  /** Count the rounds that break a property, in place of ending with the first. */
  readonly keepGoing: boolean;
  /** Modules of schemes that are not XSP's own: each thread loads them. */
  readonly modules?: readonly string[];
}

/** How far a stress run is. */
export interface StressProgress {
  readonly rounds: number;
  readonly broken: number;
  readonly seconds: number;
}

/** What a stress run came to. */
export interface StressOutcome extends StressProgress {
  /** `broken`: a property broke in some round. `hang`: a round did not end. Else clean, or interrupted before. */
  readonly verdict: "broken" | "hang" | "clean" | "interrupted";
  /** The first round that broke a property, or the one that hangs. */
  readonly first:
    | {
        readonly round: number;
        readonly violated: readonly BrokenProperty[];
        /** What the operations of each vCPU answered in it, as far as they came. */
        readonly results: readonly (readonly string[])[];
      }
    | undefined;
}

/**
 * Runs a plan on real threads until a property breaks, the rounds or the time are over, or SIGINT comes.
 *
 * @throws Error when a thread ends by itself, which is a bug of ours.
 */
export async function runStressThreads(
  plan: StressPlan,
  options: StressOptions,
  onProgress: (progress: StressProgress) => void,
): Promise<StressOutcome> {
  const control = new RoundControl(plan.choices.length);
  const started = performance.now();
  const progress = (): StressProgress => ({
    rounds: control.load(Shared.rounds),
    broken: control.load(Shared.broken),
    seconds: (performance.now() - started) / 1000,
  });
  let interrupted = false;
  const interrupt = (): void => {
    interrupted = true;
    control.store(Shared.stop, 1);
  };
  process.once("SIGINT", interrupt);
  const threads = startThreads(plan, options, control);
  const watch = new Watch(control, plan);
  const looking = setInterval(() => {
    const now = progress();
    onProgress(now);
    if (options.seconds !== undefined && now.seconds >= options.seconds) control.store(Shared.stop, 1);
    watch.look();
  }, LOOK_EVERY_MS);
  try {
    const hang = await Promise.race([Promise.all(threads.map(({ ended }) => ended)).then(() => undefined), watch.hang]);
    const end = progress();
    // Whoever waits at the barrier can still tell what its operations answered.
    control.store(Shared.over, 1);
    if (hang !== undefined) await Promise.race([Promise.all(threads.map(({ ended }) => ended)), after(LEAVE_MS)]);
    const reports = threads.map(({ report }) => report());
    const violated = reports.flatMap((report) => violationsOf(report));
    if (hang !== undefined) violated.push({ property: "S6", message: hang });
    return {
      ...end,
      verdict: verdictOf(hang !== undefined, end.broken > 0, interrupted && (options.keepGoing || end.broken === 0)),
      first:
        violated.length === 0
          ? undefined
          : {
              round: control.load(Shared.firstBroken) || control.load(Shared.go),
              violated,
              results: reports.map((report) => report?.results ?? []),
            },
    };
  } finally {
    clearInterval(looking);
    process.off("SIGINT", interrupt);
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }
}

function verdictOf(hangs: boolean, broke: boolean, interrupted: boolean): StressOutcome["verdict"] {
  if (hangs) return "hang";
  if (interrupted) return "interrupted";
  return broke ? "broken" : "clean";
}

interface Thread {
  readonly worker: Worker;
  /** Resolves when the thread has told what it has to tell. */
  readonly ended: Promise<void>;
  readonly report: () => StressThreadReport | undefined;
}

function startThreads(plan: StressPlan, options: StressOptions, control: RoundControl): Thread[] {
  const { seed, rounds, keepGoing, modules = [] } = options;
  const memory = stressMemory(plan);
  return plan.choices.map((_, vcpu) => {
    const workerData: StressThreadStart & SchemeModules = {
      modules,
      plan,
      vcpu,
      seed,
      keepGoing,
      memory,
      control: control.buffer,
      ...(rounds === undefined ? {} : { rounds }),
    };
    const worker = new Worker(new URL("./stress-worker.js", import.meta.url), { workerData });
    let report: StressThreadReport | undefined;
    const ended = new Promise<void>((resolve, reject) => {
      worker.once("message", (message) => {
        report = message as StressThreadReport;
        resolve();
      });
      worker.once("error", reject);
      worker.once("exit", (code) => {
        if (report === undefined) reject(new Error(`the thread of vCPU ${vcpu} ended without a report (code ${code})`));
      });
    });
    // Where a run hangs, nobody waits for the thread that is then terminated.
    ended.catch(() => {});
    return { worker, ended, report: () => report };
  });
}

/** Sees whether rounds still end. */
class Watch {
  /** Resolves with what hangs. */
  readonly hang: Promise<string>;
  private readonly control: RoundControl;
  private readonly plan: StressPlan;
  private tell: (message: string) => void = () => {};
  private fail: (error: Error) => void = () => {};
  private seen = -1;
  private looks = 0;

  constructor(control: RoundControl, plan: StressPlan) {
    this.control = control;
    this.plan = plan;
    this.hang = new Promise((resolve, reject) => {
      this.tell = resolve;
      this.fail = reject;
    });
  }

  look(): void {
    const { control, plan } = this;
    // Building a machine is progress, too.
    const now = control.load(Shared.rounds) + control.load(Shared.turn);
    this.looks = now === this.seen ? this.looks + 1 : 0;
    this.seen = now;
    if (this.looks < LOOKS_TO_A_HANG) return;
    const seconds = (LOOKS_TO_A_HANG * LOOK_EVERY_MS) / 1000;
    const stuck = plan.operations.flatMap((names, vcpu) => {
      const number = control.load(control.row(vcpu, "operation"));
      return number === 0 ? [] : [`vCPU ${vcpu} is in ${names[number - 1]}`];
    });
    if (stuck.length > 0) this.tell(`the round has not ended for ${seconds} s: ${stuck.join(" and ")}`);
    else this.fail(new Error(`the threads of a stress run have not come together for ${seconds} s`));
  }
}

function violationsOf(report: StressThreadReport | undefined): BrokenProperty[] {
  if (report === undefined) return [];
  const { vcpu, failure, broken } = report;
  return failure === undefined ? [...broken] : [{ property: "error", message: `vCPU ${vcpu}: ${failure}` }, ...broken];
}

async function after(milliseconds: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
