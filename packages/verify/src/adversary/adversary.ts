import type { TraceMachineOptions } from "../trace/trace-header.ts";
import type { TraceOperation } from "../trace/trace-operation.ts";
import { SeededChance } from "./chance.ts";
import { HostileOperations } from "./hostile-operations.ts";
import { listed, type OperationSource, runSequence, type Sighting } from "./sequence.ts";
import { shrinkSequence } from "./shrink.ts";
import { recordTrace } from "./trace-recorder.ts";

/*
 * Two hostile guests do anything at all, and the host must stay sound.
 *
 * A run is cut into episodes: a fresh host, some thousand operations, an audit now and then, and the destruction of
 * both guests from whatever state they are in, after which every word must be zero. Episodes keep a finding small (its
 * trace is at most one episode long before it is shrunk) and exercise destruction thousands of times. Episode n of seed
 * s is the same operations on every machine.
 *
 *   episode ──► operations ──► audit ──► … ──► destroy all ──► nothing left?
 *                   │            │                                │
 *                   └ threw?     └ differs?                       └ residue?      any of them: a finding
 *                                                                                  └► shrink ──► trace
 *
 * In `rfc` and `xen-4.1` findings are expected: these schemes have holes as published. They are reported like any
 * other; whether the run counts as failed is up to the caller.
 */

/** How the adversary is run. */
export interface AdversaryOptions {
  readonly machine: TraceMachineOptions;
  readonly seed: number;
  /** Operations in all. */
  readonly operations: number;
  /** Operations of one episode. Default 2000. */
  readonly episodeOperations?: number;
  /** Operations from one audit to the next. Default 100. */
  readonly auditEvery?: number;
  /** Stop shrinking and keeping traces after so many different findings. Default 16. */
  readonly keep?: number;
  /** Told after each episode how many operations are done. */
  readonly progress?: (operations: number) => void;
}

/** One kind of violation that was found. */
export interface Finding extends Sighting {
  /** The episode in which it was first seen. */
  readonly episode: number;
  /** How many episodes ended with it. */
  occurrences: number;
  /** Operations that are left after shrinking. */
  readonly operations: number;
  /** A trace that shows it, as short as it got. */
  readonly trace: string;
}

/** What a run of the adversary found. */
export interface AdversaryResult {
  readonly operations: number;
  readonly episodes: number;
  readonly findings: readonly Finding[];
}

/** Runs the adversary. */
export function runAdversary(options: AdversaryOptions): AdversaryResult {
  const episodeOperations = options.episodeOperations ?? 2000;
  const auditEvery = options.auditEvery ?? 100;
  const findings = new Map<string, Finding>();
  let operations = 0;
  let episode = 0;
  for (; operations < options.operations; episode++) {
    const length = Math.min(episodeOperations, options.operations - operations);
    const recorded: TraceOperation[] = [];
    const source = hostileSource(options.seed, episode, length, recorded);
    const sighting = runSequence(options.machine, source, auditEvery);
    operations += recorded.length;
    if (sighting !== undefined) note(findings, options, episode, recorded, sighting);
    options.progress?.(operations);
  }
  return { operations, episodes: episode, findings: [...findings.values()] };
}

/**
 * Records one episode, whatever comes of it.
 *
 * @returns the text of a trace that can be replayed.
 */
export function recordEpisode(machine: TraceMachineOptions, seed: number, episode: number, length: number): string {
  const recorded: TraceOperation[] = [];
  runSequence(machine, hostileSource(seed, episode, length, recorded), 0);
  return recordTrace(machine, recorded, `fuzz seed=${seed} episode=${episode}`);
}

/**
 * The operations of an episode.
 *
 * @param recorded - receives them.
 */
function hostileSource(seed: number, episode: number, length: number, recorded: TraceOperation[]): OperationSource {
  const chance = new SeededChance(seed, episode);
  let operations: HostileOperations | undefined;
  return (machine, index) => {
    if (index >= length) return undefined;
    operations ??= new HostileOperations(machine, chance);
    const operation = operations.next(index);
    recorded.push(operation);
    return operation;
  };
}

function note(
  findings: Map<string, Finding>,
  options: AdversaryOptions,
  episode: number,
  recorded: readonly TraceOperation[],
  sighting: Sighting,
): void {
  const known = findings.get(sighting.signature);
  if (known !== undefined) {
    known.occurrences++;
    return;
  }
  if (findings.size >= (options.keep ?? 16)) return;
  const shrunk = shrinkSequence(options.machine, recorded, sighting.signature);
  const args = `fuzz seed=${options.seed} episode=${episode}`;
  // In the shrunk sequence the same violation may be seen at other frames: what is told is what the trace shows.
  const { kind, detail } = runSequence(options.machine, listed(shrunk), 0) ?? sighting;
  findings.set(sighting.signature, {
    ...sighting,
    detail,
    episode,
    occurrences: 1,
    operations: shrunk.length,
    trace: recordTrace(options.machine, shrunk, args, `finding: ${kind}: ${detail}`),
  });
}
