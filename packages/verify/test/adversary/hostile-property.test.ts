import { schemeNames } from "@xsp/hypervisor";
import fc from "fast-check";
import { expect, test } from "vitest";
import { buildAdversaryMachine } from "../../src/adversary/adversary-machine.ts";
import { ListedChance } from "../../src/adversary/chance.ts";
import { adversaryGeometries, isUnsoundAsPublished } from "../../src/adversary/geometry.ts";
import { HostileOperations } from "../../src/adversary/hostile-operations.ts";
import { auditViolation, destructionViolation } from "../../src/adversary/violation.ts";
import { operationText } from "../../src/replay/mismatch.ts";
import { OperationPlayer } from "../../src/replay/operation-player.ts";
import type { TraceMachine } from "../../src/replay/trace-machine.ts";

interface Real {
  readonly machine: TraceMachine;
  readonly player: OperationPlayer;
}

/** All that the model knows: how many operations were done. That the host is sound is the audit's word. */
interface Model {
  operations: number;
}

/** One hostile operation: whatever the numbers make of it. They shrink to zeros, and to fewer. */
class HostileCommand implements fc.Command<Model, Real> {
  private readonly numbers: readonly number[];
  private told = "";

  constructor(numbers: readonly number[]) {
    this.numbers = numbers;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, { machine, player }: Real): void {
    const operation = new HostileOperations(machine, new ListedChance(this.numbers)).next(model.operations++);
    this.told = operationText(operation);
    const { rc } = player.play(operation);
    expect(Number.isInteger(rc) && rc >= -4095).toBe(true);
    expect(auditViolation(machine)).toBeUndefined();
  }

  toString(): string {
    return this.told;
  }
}

const commands = fc.commands(
  [fc.array(fc.nat(), { minLength: 6, maxLength: 12 }).map((numbers) => new HostileCommand(numbers))],
  { maxCommands: 60 },
);

test.each(schemeNames.filter((scheme) => !isUnsoundAsPublished(scheme)))(
  "keeps every count right after each of any hostile operations, and leaves nothing behind, under %s",
  (scheme) => {
    const options = { scheme, version: "xen-4.9", superpagesAllowed: true, ...adversaryGeometries.small };
    fc.assert(
      fc.property(commands, (list) => {
        const machine = buildAdversaryMachine(options);
        const freeBefore = machine.host.freeFrames + machine.guests.length * machine.header.guestFrames;
        const real = { machine, player: new OperationPlayer(machine) };
        fc.modelRun(() => ({ model: { operations: 0 }, real }), list);
        expect(destructionViolation(machine, freeBefore)).toBeUndefined();
      }),
      { numRuns: 150, seed: 20100412 },
    );
  },
);
