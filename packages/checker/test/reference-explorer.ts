import { AccessKind, InstrumentedWords, type Words } from "@xsp/words";
import { done, type LocalState, type Model, type Property, type VcpuView } from "../src/index.ts";

/*
 * The same exploration again, as plainly as it can be written: states are JSON in a Set, code is re-run at every step,
 * nothing is interned, packed or reduced. It shares no code with the checker but the types of a model.
 */

export interface ReferenceResult {
  readonly states: number;
  readonly transitions: number;
  /** Distance of the nearest violation of each property, "deadlock" and "error" among them. */
  readonly violated: Readonly<Record<string, number>>;
  readonly witnessed: Readonly<Record<string, number>>;
  readonly depth: number;
}

interface Vcpu {
  readonly local: LocalState;
  readonly answers: readonly number[];
  readonly end: "parked" | "done" | "threw";
}

interface State {
  readonly memory: readonly number[];
  readonly vcpus: readonly Vcpu[];
}

type Access = readonly [kind: number, address: number, value: number, desired: number];

function vcpuOf({ vcpus }: State, index: number): Vcpu {
  const found = vcpus[index];
  if (found === undefined) throw new RangeError(`there is no vCPU ${index}`);
  return found;
}

const CHOOSE = 4;
const PARK = new Error("park");

export function exploreByReference(model: Model, mostStates = 100_000): ReferenceResult {
  const memory: number[] = [];
  let answer = (kind: number, address: number, value: number, desired: number): number => {
    const seen = memory[address] ?? 0;
    if (kind === AccessKind.store) memory[address] = value;
    if (kind === AccessKind.compareAndSwap && seen === value) memory[address] = desired;
    return seen;
  };
  const parts = model.setup({
    allocate: (length): Words => {
      const base = memory.length;
      for (let index = 0; index < length; index++) memory.push(0);
      return new InstrumentedWords({ access: (...access) => answer(...access) }, base, length);
    },
  });
  const initial = [...memory];

  function run(vcpu: number, local: LocalState, answers: readonly number[]) {
    let at = 0;
    let waiting: Access | undefined;
    const give = (...access: [number, number, number, number]): number => {
      if (at < answers.length) return answers[at++] ?? 0;
      waiting = access;
      throw PARK;
    };
    answer = (kind, address, value, desired) => give(kind, address, value | 0, desired | 0);
    const context = { vcpu, choose: (n: number) => give(CHOOSE, -1, n, 0), begin: () => {}, note: () => {} };
    try {
      const next = parts.programs[vcpu]?.step(local, context);
      return { end: "next" as const, next, waiting };
    } catch (error) {
      return { end: error === PARK ? ("parked" as const) : ("threw" as const), next: undefined, waiting };
    }
  }

  function settle(vcpu: number, local: LocalState, answers: readonly number[]): Vcpu {
    for (let from = local, given = answers; ; given = []) {
      const { end, next } = run(vcpu, from, given);
      if (end !== "next") return { local: from, answers: given, end };
      if (next === done) return { local: from, answers: [], end: "done" };
      from = next as LocalState;
    }
  }

  function successors({ memory: before, vcpus }: State): State[] {
    return vcpus.flatMap((each, vcpu) => {
      if (each.end !== "parked") return [];
      const [kind, address, value, desired] = run(vcpu, each.local, each.answers).waiting as Access;
      const to = (given: number, after: readonly number[]): State => ({
        memory: after,
        vcpus: vcpus.with(vcpu, settle(vcpu, each.local, [...each.answers, given])),
      });
      if (kind === CHOOSE) return Array.from({ length: value }, (_, choice) => to(choice, before));
      const seen = before[address] ?? 0;
      if (kind === AccessKind.store) return [to(0, before.with(address, value))];
      if (kind === AccessKind.waitWhile && seen === value) return [];
      if (kind === AccessKind.compareAndSwap && seen === value) return [to(seen, before.with(address, desired))];
      return [to(seen, before)];
    });
  }

  function holds(property: Property, state: State): boolean {
    let mask = -1;
    answer = (_kind, address) => (state.memory[address] ?? 0) & mask;
    const view = (index: number): VcpuView => {
      const { local, end } = vcpuOf(state, index);
      const program = parts.programs[index]?.name ?? "";
      return { program, local, done: end === "done", resting: isResting(state, index), operation: undefined };
    };
    const bits = <T>(only: number, look: () => T): T => {
      mask = only;
      const seen = look();
      mask = -1;
      return seen;
    };
    return property.holds({ vcpus: state.vcpus.length, vcpu: view, bits });
  }

  // At rest: every answer so far was to a choice.
  function isResting(state: State, index: number): boolean {
    const { local, answers, end } = vcpuOf(state, index);
    if (end === "done") return true;
    return answers.every((_, at) => run(index, local, answers.slice(0, at)).waiting?.[0] === CHOOSE);
  }

  const first: State = { memory: initial, vcpus: parts.programs.map(({ start }, vcpu) => settle(vcpu, start, [])) };
  const seen = new Set([JSON.stringify(first)]);
  const violated: Record<string, number> = {};
  const witnessed: Record<string, number> = {};
  let transitions = 0;
  let depth = 0;
  for (let level = [first]; level.length > 0; depth++) {
    const next: State[] = [];
    for (const state of level) {
      const all = state.vcpus.map((_, vcpu) => vcpu);
      for (const property of parts.properties) {
        if (property.kind === "quiescent" && !all.every((vcpu) => isResting(state, vcpu))) continue;
        if (property.kind === "finally" && !state.vcpus.every(({ end }) => end === "done")) continue;
        const good = holds(property, state);
        if (property.kind === "sometimes" && good) witnessed[property.name] ??= depth;
        if (property.kind !== "sometimes" && !good) violated[property.name] ??= depth;
      }
      const after = successors(state);
      const failed = state.vcpus.some(({ end }) => end === "threw");
      if (failed) violated["error"] ??= depth;
      else if (after.length === 0 && state.vcpus.some(({ end }) => end !== "done")) violated["deadlock"] ??= depth;
      transitions += after.length;
      for (const each of after) {
        const key = JSON.stringify(each);
        if (seen.has(key)) continue;
        seen.add(key);
        next.push(each);
      }
      if (seen.size > mostStates) throw new Error(`more than ${mostStates} states`);
    }
    level = next;
  }
  return { states: seen.size, transitions, violated, witnessed, depth: depth - 1 };
}
