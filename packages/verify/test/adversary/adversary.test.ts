import { schemeNames } from "@xsp/hypervisor";
import { describe, expect, test } from "vitest";
import { buildAdversaryMachine } from "../../src/adversary/adversary-machine.ts";
import { recordEpisode, runAdversary } from "../../src/adversary/adversary.ts";
import { SeededChance } from "../../src/adversary/chance.ts";
import { adversaryGeometries, isUnsoundAsPublished } from "../../src/adversary/geometry.ts";
import { HostileOperations } from "../../src/adversary/hostile-operations.ts";
import { listed, runSequence } from "../../src/adversary/sequence.ts";
import { OperationPlayer } from "../../src/replay/operation-player.ts";
import { replayTrace } from "../../src/replay/replay.ts";
import { readTrace } from "../../src/trace/trace-reader.ts";

const small = (scheme: string, version = "xen-4.9") => ({
  scheme,
  version,
  superpagesAllowed: true,
  ...adversaryGeometries.small,
});

const sound = schemeNames.filter((scheme) => !isUnsoundAsPublished(scheme));
const unsound = schemeNames.filter((scheme) => isUnsoundAsPublished(scheme));

describe.each(sound)("two hostile guests under %s", (scheme) => {
  test("break nothing on a small host that is audited after every step", () => {
    const { operations, findings } = runAdversary({
      machine: small(scheme),
      seed: 1,
      operations: 20_000,
      episodeOperations: 500,
      auditEvery: 1,
    });
    expect(findings).toEqual([]);
    expect(operations).toBe(20_000);
  });

  test("leave nothing behind when a table lies in the superpage that it maps read-only", () => {
    const operations = [
      { i: 0, op: "mmu", by: 0, t: "tl3", idx: 6, v: "s0+0", fl: "0x5", rc: 0 },
      { i: 1, op: "mmu", by: 0, t: "s0+0", idx: 5, v: "s0+0", fl: "0x85", rc: 0 },
    ] as const;
    const answers: number[] = [];
    const sighting = runSequence(small(scheme), listed(operations), 1, (_, __, rc) => answers.push(rc));
    expect({ answers, sighting }).toEqual({ answers: [0, 0], sighting: undefined });
  });

  test("break nothing on a host with tables of 512", () => {
    const machine = { ...small(scheme), ...adversaryGeometries.full };
    const { findings } = runAdversary({ machine, seed: 2, operations: 4000, episodeOperations: 1000, auditEvery: 50 });
    expect(findings).toEqual([]);
  });

  test("break nothing with two vCPUs each, one of them busy while the other is preempted", () => {
    const machine = { ...small(scheme), vcpus: 2 };
    const { findings } = runAdversary({ machine, seed: 4, operations: 15_000, episodeOperations: 500, auditEvery: 5 });
    expect(findings).toEqual([]);
  });

  test.each(["xen-4.0", "xen-4.6"])("break nothing as %s answers", (version) => {
    const { findings } = runAdversary({ machine: small(scheme, version), seed: 3, operations: 10_000, auditEvery: 10 });
    expect(findings).toEqual([]);
  });
});

describe.each(unsound)("what is found under %s", (scheme) => {
  const { findings } = runAdversary({ machine: small(scheme), seed: 1, operations: 10_000, auditEvery: 1, keep: 3 });

  test.each(findings.map((finding) => [finding.signature, finding] as const))("%s: its trace replays", (_, finding) => {
    const trace = readTrace("finding.jsonl", finding.trace);
    expect(trace.notes[0]?.text).toContain("finding: ");
    expect(trace.operations.length).toBeLessThanOrEqual(finding.operations);
    const { ops, rcAgree, states, stateAgree } = replayTrace(trace);
    expect({ rcAgree, stateAgree }).toEqual({ rcAgree: ops, stateAgree: states });
  });
});

test("a recorded episode of guests with two vCPUs tells what was done meanwhile, and replays", () => {
  const machine = { ...small("sealed"), vcpus: 2 };
  const trace = readTrace("two-vcpus.jsonl", recordEpisode(machine, 1, 0, 600));
  const meanwhile = trace.operations.flatMap((operation) => operation.meanwhile ?? []);
  expect(meanwhile.some(({ by, rc }) => by !== undefined && rc === 0)).toBe(true);
  expect(meanwhile.some(({ rc }) => rc < 0)).toBe(true);
  const { ops, rcAgree, states, stateAgree } = replayTrace(trace);
  expect({ rcAgree, stateAgree }).toEqual({ rcAgree: ops, stateAgree: states });
  // An answer given meanwhile is compared like any other.
  const at = trace.operations.findIndex((operation) => operation.meanwhile !== undefined);
  const altered = trace.operations.map((operation, index) =>
    index === at
      ? { ...operation, meanwhile: operation.meanwhile?.map((other) => ({ ...other, rc: -4000 })) }
      : operation,
  ) as typeof trace.operations;
  expect(replayTrace({ ...trace, operations: altered }).rcAgree).toBe(ops - 1);
});

test("hostile guests store to their L1 tables, and some of these stores are emulated", () => {
  const machine = buildAdversaryMachine(small("sealed"));
  const player = new OperationPlayer(machine);
  const operations = new HostileOperations(machine, new SeededChance(1));
  for (let i = 0; i < 10_000; i++) player.play(operations.next(i));
  expect(machine.host.perf.ptwr_emulations).toBeGreaterThan(0);
});

test("the same seed finds the same, another seed runs other operations", () => {
  const run = (seed: number) =>
    runAdversary({ machine: small("rfc"), seed, operations: 2000, auditEvery: 1, keep: 1 }).findings.map(
      ({ trace }) => trace,
    );
  expect(run(5)).toEqual(run(5));
  expect(run(5)).not.toEqual(run(6));
});
