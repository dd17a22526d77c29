import { type Context, type LocalState, type Program, type Property, type StateView, done } from "@xsp/checker";
import { EBUSY } from "@xsp/hypervisor";
import type { Words, WordsAllocator } from "@xsp/words";
import { isAccounted, type SuperpageMachine, superpageName } from "./superpage-machine.ts";
import { superpageOperations } from "./superpage-operations.ts";
import { resultName } from "./superpage-properties.ts";

/*
 * The second half of S6: once the mappings are gone, an unmark succeeds, or has taken effect.
 *
 *   vCPU 0   its operations ──► wait for all ──► unmap every entry ──► unmark ──► done: not EBUSY, and nothing is left
 *   others   their operations ─► say so ──► done
 *
 * However the operations before have interleaved, nobody is about any more then who could be in the way.
 */

/** Local state of the first vCPU after its operations: how many entries it has unmapped, less one, below 0. */
const FIRST_UNMAP = -1;

/** What the vCPUs do when they have done their operations. */
export class UnmarkAtLast {
  private readonly machine: SuperpageMachine;
  private readonly finished: Words;

  constructor(machine: SuperpageMachine, allocate: WordsAllocator) {
    this.machine = machine;
    this.finished = allocate(1, "finished");
  }

  /** A vCPU's program with this after it. */
  after(program: Program, vcpu: number): Program {
    return {
      ...program,
      step: (local, context) => {
        if (local[0]! > 0) return program.step(local, context);
        return vcpu === 0 ? this.finish(local, context) : this.sayFinished(local);
      },
    };
  }

  /** Whether a superpage can be unmarked, or is unmarked, when all is done. */
  property(): Property {
    const broken = (state: StateView): string | undefined => {
      const { machine } = this;
      const rc = state.vcpu(0).local[2]!;
      if (rc === -EBUSY)
        return `no superpage entry is left, nobody is in the way, and unmark returns ${resultName(rc)}`;
      for (const superpage of machine.heads.keys()) {
        if (!isAccounted(machine, superpage)) continue;
        return `nobody uses ${superpageName(machine, superpage)} any more, and its word is not zero`;
      }
      return undefined;
    };
    return {
      kind: "finally",
      name: "S6",
      holds: (state) => broken(state) === undefined,
      explain: (state) => broken(state) ?? "",
    };
  }

  private sayFinished(local: LocalState): LocalState | typeof done {
    if (local[0] === FIRST_UNMAP) return done;
    const { finished } = this;
    for (let x = finished.load(0); ;) {
      const seen = finished.compareAndSwap(0, x, x + 1);
      if (seen === x) return [FIRST_UNMAP, local[1] ?? 0];
      x = seen;
    }
  }

  private finish([phase = 0, trespassed = 0, unmarked]: LocalState, context: Context): LocalState | typeof done {
    const { machine, finished } = this;
    const others = machine.vcpus.length - 1;
    const entries = machine.vcpus.length * machine.heads.length;
    if (unmarked !== undefined) return done;
    if (phase === 0) {
      context.begin("wait for all");
      for (let x = finished.load(0); x !== others;) x = finished.waitWhile(0, x);
      return [FIRST_UNMAP, trespassed];
    }
    const entry = FIRST_UNMAP - phase;
    if (entry < entries) {
      const owner = entry % machine.vcpus.length;
      const unmap = superpageOperations["unmap-2m"]!;
      context.begin(`${unmap.label} of vCPU ${owner}`);
      const superpage = Math.floor(entry / machine.vcpus.length);
      const rc = unmap.run(machine, owner, superpage);
      if (rc !== 0) throw new Error(`the entry of vCPU ${owner} cannot be unmapped: ${resultName(rc)}`);
      return [phase - 1, trespassed];
    }
    context.begin("unmark");
    let worst = 0;
    for (const superpage of machine.heads.keys()) {
      const rc = superpageOperations["unmark"]!.run(machine, 0, superpage);
      context.note("unmark", [], resultName(rc));
      if (rc === -EBUSY) worst = rc;
    }
    return [phase, trespassed, worst];
  }
}
