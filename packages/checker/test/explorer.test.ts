import type { Words } from "@xsp/words";
import { describe, expect, it } from "vitest";
import {
  type Context,
  done,
  everySequence,
  explore,
  Exploration,
  type Model,
  type Program,
  type Property,
  type Reduction,
} from "../src/index.ts";
import { counter } from "./models/counters.ts";
import { superpage } from "./models/superpage.ts";
import { twoLocks } from "./models/two-locks.ts";

function oneProgram(name: string, step: (context: Context) => void, more: Partial<Program> = {}): Program {
  return {
    name,
    start: [1],
    step([left = 0], context) {
      if (left === 0) return done;
      step(context);
      return [0];
    },
    ...more,
  };
}

describe("a verdict", () => {
  it("is violated when a sometimes is never witnessed, for that holds of nothing", () => {
    const result = explore(superpage({ vcpus: 2, frames: 1, steps: 1 }), { properties: ["all map it"] });
    expect(result.verdict).toBe("holds");
    const few: Model = {
      name: "few",
      setup(world) {
        const word = world.allocate(1, "word");
        return {
          programs: [oneProgram("one", () => word.store(0, 1))],
          properties: [{ kind: "sometimes", name: "two", holds: () => word.load(0) === 2 }],
        };
      },
    };
    expect(explore(few)).toMatchObject({
      verdict: "violated",
      violations: [{ property: "two", kind: "vacuous", message: "vacuous: no reachable state witnesses two" }],
    });
  });

  it.each([
    ["states", { states: 100 }],
    ["bytes", { bytes: 1000 }],
    ["depth", { depth: 5 }],
    ["seconds", { seconds: 1 }],
  ] as const)("is incomplete, never holds, when the budget of %s is spent", (reason, budget) => {
    let now = 0;
    const model = superpage({ vcpus: 2, frames: 2, steps: 2 });
    const result = explore(model, { budget, clock: () => (now += 400) });
    expect(result).toMatchObject({ verdict: "incomplete", reason, violations: [] });
  });

  it("is incomplete when it is aborted, and a witness not seen by then is no failure", () => {
    const result = explore(counter(3, 2, true), { signal: { aborted: true } });
    expect(result).toMatchObject({ verdict: "incomplete", reason: "aborted", violations: [], states: 1 });
  });

  it("is incomplete as long as it is unfinished", () => {
    const exploration = new Exploration(counter(2, 1, true));
    expect(exploration.advance()).toBe(false);
    expect(exploration.result()).toMatchObject({ verdict: "incomplete", reason: "unfinished" });
  });

  it("names built-in violations that nobody asked for", () => {
    const result = explore(twoLocks(true), { properties: ["both free", "both held"] });
    expect(result).toMatchObject({ verdict: "holds", ignored: ["deadlock"] });
  });
});

describe("what code under exploration does wrong", () => {
  const withProgram = (step: (words: Words, context: Context) => void): Model => ({
    name: "wrong",
    setup(world) {
      const word = world.allocate(2, "word");
      world.allocate(2, "neighbour");
      return { programs: [oneProgram("one", (context) => step(word, context))], properties: [] };
    },
  });

  it("is a violation with its message when it throws", () => {
    const model = withProgram((word) => {
      word.store(0, 3);
      if (word.load(0) === 3) throw new Error("assertion: 3 is too many");
    });
    expect(explore(model)).toMatchObject({
      verdict: "violated",
      violations: [{ property: "error", kind: "error", message: "vCPU 0: assertion: 3 is too many", depth: 2 }],
    });
  });

  it("is a violation when it reaches beyond its region instead of an access to the neighbour", () => {
    const model = withProgram((word) => word.store(2, 1));
    expect(explore(model).violations[0]?.message).toBe("vCPU 0: word[2] does not exist: it has 2 words");
  });

  it("is a violation when it catches what parks it", () => {
    const model = withProgram((word) => {
      try {
        word.load(0);
      } catch {
        return;
      }
    });
    expect(explore(model).violations[0]?.message).toContain("caught what parks it");
  });

  it("is a bug of the model when it is not deterministic", () => {
    let runs = 0;
    const model = withProgram((word) => {
      word.load(runs++ % 2);
      word.load(0);
    });
    expect(() => explore(model)).toThrow(/one is not deterministic: over the same answers its access 0 was/);
  });

  it("is a bug of the model when it goes on for ever without an access", () => {
    const model: Model = {
      name: "busy",
      setup: () => ({ programs: [{ name: "spins", start: [0], step: ([n = 0]) => [n + 1] }], properties: [] }),
    };
    expect(() => explore(model)).toThrow("program spins does 10,000 operations without any access");
  });
});

describe("a property", () => {
  const looking = (holds: (words: Words) => boolean): Model => ({
    name: "looking",
    setup(world) {
      const word = world.allocate(1, "word");
      const own = world.allocate(1, "own");
      const programs = [oneProgram("one", () => own.store(0, word.load(0) + 1))];
      return {
        programs,
        properties: [
          { kind: "always", name: "looks", holds: () => holds(word) },
          { kind: "sometimes", name: "peeks", holds: (state) => state.vcpu(0).done },
        ],
      };
    },
  });

  it("may not write", () => {
    const model = looking((word) => {
      word.store(0, 1);
      return true;
    });
    expect(() => explore(model)).toThrow("property looks writes word[0]: properties only look");
  });

  it("may not read the operation under way unless it declares to", () => {
    const model: Model = {
      name: "reads operation",
      setup(world) {
        const word = world.allocate(1, "word");
        const programs = [
          oneProgram("one", (context) => {
            context.begin("op", 7);
            word.store(0, 1);
          }),
        ];
        const holds: Property["holds"] = (state) => state.vcpu(0).operation === "op(7)";
        return { programs, properties: [{ kind: "sometimes", name: "sees", holds }] };
      },
    };
    expect(() => explore(model)).toThrow("property sees reads the operation under way: declare seesOperations on it");
    const declared: Model = {
      ...model,
      setup(world) {
        const { programs, properties } = model.setup(world);
        return { programs, properties: properties.map((property) => ({ ...property, seesOperations: true })) };
      },
    };
    expect(explore(declared).verdict).toBe("holds");
  });

  it("that reads nearly everything is evaluated all the same", () => {
    // 2,000,001 edges are needed for its tree to be given up, so take the limit down to where a small model reaches it.
    const wide: Model = {
      name: "wide",
      setup(world) {
        const words = world.allocate(2, "words");
        const program: Program = {
          name: "counts",
          start: [0],
          step([n = 0], context) {
            if (n === 40) return done;
            words.store(context.vcpu, n + 1);
            return [n + 1];
          },
        };
        const last = (): boolean => words.load(0) === 39 && words.load(1) === 40;
        return {
          programs: [program, program],
          properties: [
            { kind: "always", name: "never there", holds: () => !last() },
            { kind: "sometimes", name: "once there", holds: last },
          ],
        };
      },
    };
    for (const decisionLimit of [0, 10, 500, 100_000]) {
      const result = explore(wide, { until: "every-property", decisionLimit });
      expect(result.violations).toMatchObject([{ property: "never there", depth: 79 }]);
      expect(result.witnesses).toMatchObject([{ property: "once there", depth: 79 }]);
    }
  });
});

describe("independent steps", () => {
  const independent = { reduction: "independent" } as const;
  const build = (trespasses: boolean): Model => ({
    name: "own words",
    setup(world) {
      const shared = world.allocate(1, "shared");
      const own = [world.allocate(2, "own0"), world.allocate(2, "own1")];
      const program = oneProgram("one", ({ vcpu }) => {
        const words = own[trespasses ? 0 : vcpu];
        shared.load(0);
        words?.store(0, 1);
        words?.store(1, (words.load(0) ?? 0) + 1);
        shared.store(0, shared.load(0) + 1);
      });
      const holds = (): boolean => shared.load(0) === 2;
      return { programs: [program, program], properties: [{ kind: "sometimes", name: "both", holds }] };
    },
  });

  it("are taken at once where nobody else will touch the word any more", () => {
    const states = (trespasses: boolean, reduction: Reduction): number =>
      explore(build(trespasses), { properties: ["both"], reduction }).states;
    expect([states(false, "none"), states(false, "independent")]).toEqual([62, 19]);
    expect([states(true, "none"), states(true, "independent")]).toEqual([62, 29]);
  });

  it("are told by what follows, not by what came before", () => {
    // vCPU 0 reads the word in its first operation only. After that vCPU 1's stores to it disturb nobody.
    const model: Model = {
      name: "phases",
      setup(world) {
        const [word, gate] = [world.allocate(1, "word"), world.allocate(1, "gate")];
        const reader: Program = {
          name: "reads, then does something else",
          start: [0],
          step([phase = 0]) {
            if (phase === 2) return done;
            if (phase === 0) word.load(0);
            else for (let i = 0; i < 5; i++) gate.store(0, i);
            return [phase + 1];
          },
        };
        const writer = oneProgram("writes", () => {
          for (let i = 1; i <= 5; i++) word.store(0, i);
        });
        return { programs: [reader, writer], properties: [] };
      },
    };
    expect(explore(model, { reduction: "none" }).states).toBe(42);
    expect(explore(model, independent).states).toBe(15);
  });

  it("that a property looks at stay interleaved, bit for bit", () => {
    const looking = (bits: number): Model => ({
      name: "flags",
      setup(world) {
        const flags = [world.allocate(1, "flags0"), world.allocate(1, "flags1")] as const;
        const program = oneProgram("one", ({ vcpu }) => {
          const own = flags[vcpu];
          own?.load(0);
          own?.compareAndSwap(0, 0, 4);
          own?.compareAndSwap(0, 4, 5);
          own?.compareAndSwap(0, 5, 1);
          own?.compareAndSwap(0, 1, 0);
        });
        const holds: Property["holds"] = (state) =>
          flags.every((words) => state.bits(bits, () => words.load(0)) === bits);
        return { programs: [program, program], properties: [{ kind: "sometimes", name: "both", holds }] };
      },
    });
    for (const [bits, states] of [
      [1, 16],
      [4, 25],
      [5, 36],
    ] as const) {
      expect(explore(looking(bits), { reduction: "none" })).toMatchObject({ verdict: "holds", states: 36 });
      expect(explore(looking(bits), independent)).toMatchObject({ verdict: "holds", states });
    }
    expect(explore(looking(8), independent).verdict).toBe("violated");
  });

  it("are learned anew when code comes to light that nobody had walked through", () => {
    // One walk in a million: the other vCPU must pick 0 twenty times, and only behind the gate does it touch the word.
    const model: Model = {
      name: "rare",
      setup(world) {
        const [gate, word, seen] = [world.allocate(1, "gate"), world.allocate(1, "word"), world.allocate(1, "seen")];
        const writer = oneProgram("writes", () => {
          gate.store(0, 1);
          word.store(0, 1);
          word.store(0, 0);
          gate.load(0);
        });
        const looker: Program = {
          name: "looks, rarely",
          start: [20],
          step([left = 0], context) {
            if (left < 0) return done;
            if (left === 0) {
              if (gate.load(0) === 1 && word.load(0) === 1) seen.store(0, 1);
              return [-1];
            }
            if (context.choose(2) === 1) {
              seen.load(0);
              return [-1];
            }
            return [left - 1];
          },
        };
        const holds = (): boolean => seen.load(0) === 0;
        return { programs: [writer, looker], properties: [{ kind: "finally", name: "unseen", holds }] };
      },
    };
    for (const reduction of ["none", "independent"] as const) {
      expect(explore(model, { reduction })).toMatchObject({
        verdict: "violated",
        violations: [{ property: "unseen" }],
      });
    }
  });
});

describe("a choice", () => {
  it("leaves its vCPU at rest, so that others are seen to finish beside it", () => {
    const model: Model = {
      name: "rests",
      setup(world) {
        const [first, second] = [world.allocate(1, "first"), world.allocate(1, "second")];
        const chooses = oneProgram("chooses", (context) => second.store(0, 1 + context.choose(2)));
        const stores = oneProgram("stores", () => first.store(0, 1));
        const holds = (): boolean => first.load(0) === 0 || second.load(0) !== 0;
        return { programs: [chooses, stores], properties: [{ kind: "quiescent", name: "second first", holds }] };
      },
    };
    for (const reduction of ["none", "choices", "independent"] as const) {
      const violations = [{ property: "second first", depth: 1, schedule: [{ vcpu: 1, choice: 0 }] }];
      expect(explore(model, { reduction })).toMatchObject({ violations });
    }
  });

  it("stays interleaved where a property sees the operation that it begins", () => {
    const model: Model = {
      name: "seen",
      setup(world) {
        const word = world.allocate(1, "word");
        const begins = oneProgram("begins", (context) => {
          context.begin("chosen", context.choose(2));
          word.load(0);
        });
        const stores = oneProgram("stores", () => word.store(0, 1));
        const holds: Property["holds"] = (state) => word.load(0) === 1 && state.vcpu(0).operation === undefined;
        const property = { kind: "sometimes", name: "before", seesOperations: true } as const;
        const isDone: Property["holds"] = (state) => state.vcpu(0).done;
        return {
          programs: [begins, stores],
          properties: [{ ...property, holds: (state) => holds(state) && !isDone(state) }],
        };
      },
    };
    for (const reduction of ["none", "choices", "independent"] as const)
      expect(explore(model, { reduction }).verdict).toBe("holds");
  });

  it.each([
    ["choice", (_own: Words, context: Context) => void context.choose(2)],
    ["load of its own", (own: Words) => void own.load(0)],
  ])("or other independent step (%s) that goes round for ever does not keep the others from running", (_name, idle) => {
    const model: Model = {
      name: "idles",
      setup(world) {
        const word = world.allocate(1, "word");
        const own = world.allocate(1, "own");
        const chooses: Program = {
          name: "chooses",
          start: [0],
          step(local, context) {
            idle(own, context);
            return local;
          },
        };
        const stores = oneProgram("stores", () => word.store(0, 1));
        const holds = (): boolean => word.load(0) === 1;
        return { programs: [chooses, stores], properties: [{ kind: "sometimes", name: "stored", holds }] };
      },
    };
    for (const reduction of ["none", "choices", "independent"] as const)
      expect(explore(model, { reduction }).verdict).toBe("holds");
  });
});

describe("every sequence", () => {
  it("does each order of the operations, and stops early only when it may", () => {
    const build = (mayStop: boolean): Model => ({
      name: "sequences",
      setup(world) {
        const word = world.allocate(1, "word");
        const append = (digit: number) => ({
          label: "append",
          args: [digit],
          run: () => {
            word.store(0, word.load(0) * 10 + digit);
            return word.load(0);
          },
        });
        return {
          programs: [everySequence({ name: "digits", steps: 2, operations: [append(1), append(2)], mayStop })],
          properties: [
            { kind: "finally", name: "two digits", holds: () => word.load(0) > 9 },
            ...[11, 12, 21, 22].map(
              (wanted) =>
                ({ kind: "sometimes", name: `gets ${wanted}`, holds: () => word.load(0) === wanted }) as const,
            ),
          ],
        };
      },
    });
    expect(explore(build(false))).toMatchObject({ verdict: "holds" });
    expect(explore(build(true))).toMatchObject({ violations: [{ property: "two digits", depth: 1 }] });
  });
});

describe("options and models that are wrong", () => {
  it("are refused by name", () => {
    const model = counter(2, 1, true);
    expect(() => explore(model, { properties: ["nope"] })).toThrow(
      "there is no property nope, only deadlock, error, in range, nothing is lost, counts to the end",
    );
    expect(() => explore(model, { budget: { seconds: 1 } })).toThrow("a budget of seconds needs a clock");
    expect(() => explore(model, { budget: { states: -1 } })).toThrow("the budget of states is -1");
    const none: Model = { name: "none", setup: () => ({ programs: [], properties: [] }) };
    expect(() => explore(none)).toThrow("model none has 0 programs, expected 1 to 32");
    const holds = (): boolean => true;
    const property = { kind: "always", name: "error", holds } as const;
    const twice: Model = {
      name: "twice",
      setup: () => ({ programs: [oneProgram("p", () => {})], properties: [property] }),
    };
    expect(() => explore(twice)).toThrow("two properties named error");
  });
});
