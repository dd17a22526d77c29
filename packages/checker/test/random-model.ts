import fc from "fast-check";
import type { Words } from "@xsp/words";
import { done, type LocalState, type Model, type Program, type Property } from "../src/index.ts";

/** One instruction of a random little program. Registers are the operation's own variables. */
type Instruction =
  | { readonly op: "load" | "store" | "swap" | "wait" | "choose"; readonly word: number; readonly value: number }
  | { readonly op: "retry" | "skip" | "assert"; readonly word: number; readonly value: number };

export interface RandomModel {
  readonly words: number;
  readonly programs: readonly { readonly turns: number; readonly code: readonly Instruction[] }[];
}

/** Three that everybody may touch, then two more: few programs use all of them, so some steps are independent. */
const WORDS = 5;

const instruction: fc.Arbitrary<Instruction> = fc.record({
  op: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom("load", "store", "swap", "retry") },
    { weight: 1, arbitrary: fc.constantFrom("wait", "choose", "skip") },
    { weight: 1, arbitrary: fc.constantFrom("assert", "load") },
  ),
  word: fc.nat(WORDS - 1),
  value: fc.nat(2),
}) as fc.Arbitrary<Instruction>;

/** Two or three vCPUs with a loop each, over a few words. */
export const randomModel: fc.Arbitrary<RandomModel> = fc.record({
  words: fc.constant(WORDS),
  programs: fc.array(
    fc.record({ turns: fc.integer({ min: 1, max: 2 }), code: fc.array(instruction, { minLength: 1, maxLength: 4 }) }),
    { minLength: 2, maxLength: 3 },
  ),
});

/** Builds the model; its `always` property looks at all of some words, or at single bits only. */
export function buildRandomModel({ words, programs }: RandomModel, looksAtBits = false): Model {
  return {
    name: "random",
    setup(world) {
      const memory = world.allocate(words, "memory");
      const own = programs.map((_, vcpu) => world.allocate(1, `own${vcpu}`));
      const total = (): number => memory.load(0) + memory.load(1);
      const isSmall: Property["holds"] = (state) =>
        looksAtBits ? state.bits(2, total) < 4 && state.bits(1, () => memory.load(4)) === 0 : total() < 4;
      return {
        programs: programs.map((each, vcpu) => programOf(memory, own[vcpu] ?? memory, each.turns, each.code)),
        properties: [
          { kind: "always", name: "always", holds: isSmall },
          {
            kind: "quiescent",
            name: "quiescent",
            holds: () => memory.load(0) === memory.load(1) || memory.load(2) < 2,
          },
          {
            kind: "finally",
            name: "finally",
            holds: (state) => memory.load(2) < 3 && (state.vcpu(0).local[1] ?? 0) < 4,
          },
          { kind: "sometimes", name: "sometimes", holds: (state) => state.vcpu(0).done && memory.load(1) === 2 },
        ],
      };
    },
  };
}

function programOf(memory: Words, own: Words, turns: number, code: readonly Instruction[]): Program {
  return {
    name: "random",
    start: [turns, 0],
    step([left = 0, sum = 0]: LocalState, context) {
      if (left === 0) return done;
      context.begin("turn", left);
      let register = sum;
      for (const { op, word, value } of code) {
        if (op === "load") register = memory.load(word);
        else if (op === "store") memory.store(word, (register + value) % 4);
        else if (op === "swap") register = memory.compareAndSwap(word, value, (register + 1) % 4);
        else if (op === "wait") register = memory.waitWhile(word, value);
        else if (op === "choose") register = context.choose(value + 1);
        else if (op === "skip") {
          own.store(0, own.load(0) + 1);
          if (register === value) return [left - 1, register];
        } else if (op === "assert") {
          if (register === value + 1) throw new Error(`register is ${register}`);
        } else if (memory.compareAndSwap(word, register % 4, value) !== register % 4) {
          context.note("again", [word], value);
          return [left - 1, register];
        }
      }
      return [left - 1, register % 5];
    },
  };
}

/** How many random models a property is tried with. A mutation run, which does so for each mutant, takes a twentieth. */
export function runsOf(all: number): number {
  return process.env["STRYKER_MUTATOR_WORKER"] === undefined ? all : Math.ceil(all / 20);
}
