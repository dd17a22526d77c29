import type { TraceMachine } from "../replay/trace-machine.ts";
import type { RawArgument } from "../trace/trace-operation.ts";
import type { Word64 } from "../trace/word64.ts";
import { type Chance, oneOf } from "./chance.ts";

/** Words with which arithmetic tends to go wrong. */
const garbage = [0, 1, -1, 2, 7, 8, 255, 4095, 4096, 0x7fffffff, -0x80000000, 0x7ff0, 0x7ff1, 0xffff, -4096, 1 << 20];
/** Counts: too many for the list, negative, huge. */
const counts = [0, 1, 1, 1, 2, 3, 8, -1, 0x7fffffff, -0x80000000, 0x40000001, 0xffffffff, 1 << 20];
const domids = [0x7ff0, 0x7ff0, 0x7ff0, 0x7ff1, 0x7ff2, 0x7ff3, 0x7ff4, 0, 1, 2, -1, 0x17ff0, 0x27ff0, 0xffffffff];
const orders = [0, 0, 0, 0, 1, 2, 3, 9, 18, 31, 32, -1];

/**
 * Makes up a hypercall word for word.
 *
 * @param address - one that may well be mapped.
 * @returns name and arguments as {@link RawCall} holds them.
 */
export function hostileRawCall(
  machine: TraceMachine,
  chance: Chance,
  by: number,
  address: Word64,
): [call: string, RawArgument[]] {
  const { frames } = machine.host;
  const own = machine.header.guestFrames;
  /** Mostly a frame of the guest's, or one near it. */
  const frame = (): number => {
    const way = chance.below(8);
    if (way < 5) return machine.superpageFrames + by * own + chance.below(own);
    return way < 7 ? chance.below(frames + 2) : oneOf(chance, garbage);
  };
  const word = (): number => {
    const way = chance.below(8);
    if (way < 3) return oneOf(chance, garbage);
    if (way < 6) return (frame() << 12) | oneOf(chance, [0, 1, 2, 3, 5, 7, 8, 0x87, 0x85]);
    return chance.below(2 ** 32) | 0;
  };
  const words = (length: number): number[] => Array.from({ length }, word);
  const some = (): number => chance.below(4);

  const reservation = (): RawArgument[] => {
    const extents = Array.from({ length: some() }, frame);
    const count = chance.below(4) > 0 ? extents.length : oneOf(chance, counts);
    return [extents, count, oneOf(chance, orders), oneOf(chance, domids)];
  };
  switch (chance.below(12)) {
    case 0:
      return ["mmu_update", [words(4 * some()), oneOf(chance, counts), oneOf(chance, domids)]];
    case 1:
      return ["mmuext_op", [words(6 * some()), oneOf(chance, counts), oneOf(chance, domids)]];
    case 2: {
      // A well-formed command with any frame or address.
      const arg = chance.below(2) === 0 ? frame() : word();
      return ["mmuext_op", [[chance.below(22), 0, arg, oneOf(chance, [0, 0, 0, -1]), word(), 0], 1, 0x7ff0]];
    }
    case 3: {
      const va = chance.below(2) === 0 ? [address.lo, address.hi] : words(2);
      return ["update_va_mapping", [...va, word(), oneOf(chance, [0, 0, 0, -1, 1 << 20]), word()]];
    }
    case 4:
      return ["set_gdt", [Array.from({ length: chance.below(17) }, frame), oneOf(chance, counts) * 512]];
    case 5:
    case 6:
      return ["memory_op", [oneOf(chance, [0, 1, 6, 6, 1]), ...reservation()]];
    case 7:
      return ["memory_op", [11, ...reservation(), ...reservation()]];
    case 8:
      return ["memory_op", [oneOf(chance, garbage), ...reservation()]];
    case 9:
      return ["multicall", [hostileMulticall(chance, words), oneOf(chance, counts)]];
    case 10: {
      // To any frame, and half of them to the guest's first L1 table: while it is in use Xen emulates the store.
      const [any, entry, lo, hi] = [frame(), chance.below(machine.tableEntries), word(), oneOf(chance, [0, 0, 1, -1])];
      const target = any % 2 === 0 ? machine.header.tables.tl1 + by * own : any;
      return hi === -1 ? ["ptclear", [target, entry, lo]] : ["ptstore", [target, entry, lo, hi]];
    }
    default:
      return ["touch", [...(chance.below(4) > 0 ? [address.lo, address.hi] : words(2)), chance.below(2)]];
  }
}

function hostileMulticall(chance: Chance, words: (length: number) => number[]): RawArgument[] {
  return Array.from({ length: chance.below(4) }, (): RawArgument => {
    switch (chance.below(6)) {
      case 0:
        return [1, words(4), 1, 0x7ff0];
      case 1:
        return [26, words(6), 1, 0x7ff0];
      case 2:
        return [14, ...words(5)];
      case 3:
        return [2, words(2), oneOf(chance, counts)];
      case 4:
        return [13, [], 1];
      default:
        return [oneOf(chance, garbage), ...words(chance.below(6))];
    }
  });
}
