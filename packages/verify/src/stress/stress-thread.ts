import { PlainWords, SharedWords, type WordsAllocator } from "@xsp/words";
import { SeededChance } from "../adversary/chance.ts";
import { type BrokenProperty, PlannedRun } from "./planned-run.ts";
import { RoundControl, Shared } from "./round-control.ts";
import type { StressPlan } from "./stress-plan.ts";

/*
 * What one thread of a stress run does: one vCPU of the plan, round after round. The thread of vCPU 0 is the referee
 * besides: it puts memory back before a round and evaluates the properties after it, while everybody else waits.
 *
 * The accesses are those of the shipped code over `SharedWords`, and nothing stands between them. Delays come before an
 * operation begins and never inside it: where the windows are is for the processor to show.
 */

/** What a thread is started with. Plain data but for the shared buffers. */
export interface StressThreadStart {
  readonly plan: StressPlan;
  readonly vcpu: number;
  /** Seed of the delays. */
  readonly seed: number;
  /** End after so many rounds. Default: when somebody stops it. */
  readonly rounds?: number;
  /** Count the rounds that break a property, in place of ending with the first. */
  readonly keepGoing: boolean;
  /** The machine: {@link stressMemory}. */
  readonly memory: SharedArrayBuffer;
  /** Of a {@link RoundControl}. */
  readonly control: SharedArrayBuffer;
}

/** What a thread has to tell at the end. */
export interface StressThreadReport {
  readonly vcpu: number;
  /** What its operations answered in the first round that broke a property; in the last one if none did. */
  readonly results: readonly string[];
  /** What one of its operations threw, if one did. */
  readonly failure: string | undefined;
  /** What was broken in that first round; the referee alone knows. */
  readonly broken: readonly BrokenProperty[];
}

/**
 * Delays are below 2^k looks with k drawn evenly up to a limit, so that short and long ones are alike frequent. The limit
 * grows with the superpage, as the operations do, to some 50 µs.
 */
const LEAST_DELAY_ORDER = 12;
const MOST_DELAY_ORDER = 16;

/** Makes the memory in which the machines of all threads of a plan stand. */
export function stressMemory(plan: StressPlan): SharedArrayBuffer {
  let words = 0;
  const measured = new PlannedRun(plan, (length) => {
    words += length;
    return new PlainWords(length);
  });
  return new SharedArrayBuffer(measured.vcpus > 0 ? words * Int32Array.BYTES_PER_ELEMENT : 0);
}

/** Hands out the words of a buffer from its beginning on: whoever asks for the same lengths gets the same words. */
export function consecutiveWords(memory: SharedArrayBuffer): WordsAllocator {
  let used = 0;
  return (length) => {
    const words = new SharedWords(memory, used, length);
    used += length;
    return words;
  };
}

/** Runs one vCPU of a plan until the run is over. It blocks: call it in a thread of its own, one for each vCPU. */
export function runStressThread(start: StressThreadStart): StressThreadReport {
  const thread = new StressThread(start);
  return start.vcpu === 0 ? thread.referee() : thread.follow();
}

class StressThread {
  private readonly start: StressThreadStart;
  private readonly control: RoundControl;
  private readonly memory: Int32Array;
  private readonly run: PlannedRun;
  private readonly chance: SeededChance;
  private readonly delayOrder: number;
  private failure: string | undefined;
  private kept: readonly string[] | undefined;
  private broken: readonly BrokenProperty[] = [];

  constructor(start: StressThreadStart) {
    const { plan, vcpu, memory } = start;
    this.start = start;
    this.control = new RoundControl(start.control);
    this.memory = new Int32Array(memory);
    this.chance = new SeededChance(start.seed, vcpu);
    this.delayOrder = Math.min(MOST_DELAY_ORDER, LEAST_DELAY_ORDER + plan.order);
    // Building stores the initial memory, so one builds after another, each from zeroes; all of them build the same.
    this.control.waitFor(Shared.turn, vcpu);
    this.memory.fill(0);
    this.run = new PlannedRun(plan, consecutiveWords(memory));
    this.control.store(Shared.turn, vcpu + 1);
  }

  /** Rounds as the others see them: begins when it is told to. */
  follow(): StressThreadReport {
    const { control, start } = this;
    const { vcpu } = start;
    for (let round = 1; ; round++) {
      control.waitFor(Shared.prepare, round);
      if (round > 1 && control.load(Shared.firstBroken) === round - 1) this.keep();
      if (control.load(Shared.over) !== 0) return this.report();
      control.store(control.row(vcpu, "ready"), round);
      control.waitFor(Shared.go, round);
      if (control.load(Shared.over) !== 0) return this.report();
      this.perform(round);
    }
  }

  /** Rounds as the referee runs them. */
  referee(): StressThreadReport {
    const { control, start, run, memory } = this;
    const { rounds: most = 2 ** 31 - 1, keepGoing } = start;
    control.waitFor(Shared.turn, run.vcpus);
    const initial = memory.slice();
    for (let round = 1; ; round++) {
      memory.set(initial);
      control.store(Shared.prepare, round);
      this.waitForAll("ready", round);
      control.store(Shared.go, round);
      this.perform(round);
      this.waitForAll("arrived", round);
      if (control.load(Shared.over) !== 0) return this.report();
      const failed = this.evaluate(round);
      const ends = failed || (!keepGoing && control.load(Shared.broken) > 0) || round >= most;
      if (ends || control.load(Shared.stop) !== 0) {
        control.store(Shared.over, 1);
        return this.report();
      }
    }
  }

  /** Performs the vCPU's operations, each after a delay. */
  private perform(round: number): void {
    const { control, run, chance } = this;
    const { vcpu } = this.start;
    const operation = control.row(vcpu, "operation");
    run.restart(vcpu);
    for (let number = 1; run.hasNext(vcpu); number++) {
      control.pause(vcpu, chance.below(2 ** chance.below(this.delayOrder + 1)));
      control.store(operation, number);
      try {
        run.performNext(vcpu);
      } catch (error) {
        // An assertion of the hypervisor: a finding, told with the others.
        this.failure = error instanceof Error ? error.message : String(error);
        control.store(control.row(vcpu, "failed"), 1);
        break;
      }
    }
    control.store(operation, 0);
    control.storeLocal(vcpu, run.local(vcpu));
    control.store(control.row(vcpu, "arrived"), round);
  }

  /** @returns whether an operation threw. */
  private evaluate(round: number): boolean {
    const { control, run } = this;
    const vcpus = Array.from({ length: run.vcpus }, (_, vcpu) => vcpu);
    const failed = vcpus.some((vcpu) => control.load(control.row(vcpu, "failed")) !== 0);
    const broken = run.broken(vcpus.map((vcpu) => control.loadLocal(vcpu)));
    if (failed || broken.length > 0) {
      control.store(Shared.broken, control.load(Shared.broken) + 1);
      if (control.load(Shared.firstBroken) === 0) {
        this.broken = broken;
        this.keep();
        control.store(Shared.firstBroken, round);
      }
    }
    control.store(Shared.rounds, round);
    return failed;
  }

  private waitForAll(field: "ready" | "arrived", round: number): void {
    for (let vcpu = 1; vcpu < this.run.vcpus; vcpu++) this.control.waitFor(this.control.row(vcpu, field), round);
  }

  private keep(): void {
    this.kept ??= this.run.results(this.start.vcpu);
  }

  private report(): StressThreadReport {
    const { kept, run, failure, broken } = this;
    const { vcpu } = this.start;
    return { vcpu, results: kept ?? run.results(vcpu), failure, broken };
  }
}
