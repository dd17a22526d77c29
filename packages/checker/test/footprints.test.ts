import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Footprints } from "../src/footprints.ts";

const ADDRESSES = 66;
const ROOT = -1;

const allocate = (ints: number): Int32Array => new Int32Array(ints);

/** What a node's vCPU may still read and write, as sets: found anew each time, by walking to everything that follows. */
class PlainFootprints {
  readonly parents: number[] = [];
  private readonly reads: Set<number>[] = [];
  private readonly writes: Set<number>[] = [];
  private readonly next: Set<number>[] = [];

  addNode(parent: number): void {
    const node = this.parents.push(parent) - 1;
    this.reads.push(new Set());
    this.writes.push(new Set());
    this.next.push(new Set());
    if (parent !== ROOT) this.next[parent]?.add(node);
  }

  addAccess(node: number, address: number, reads: boolean, writes: boolean): void {
    if (reads) this.reads[node]?.add(address);
    if (writes) this.writes[node]?.add(address);
  }

  addSuccessor(node: number, root: number): void {
    this.next[node]?.add(root);
  }

  of(node: number): { reads: number[]; writes: number[] } {
    const reached = new Set([node]);
    for (const at of reached) for (const after of this.next[at] ?? []) reached.add(after);
    const union = (sets: readonly Set<number>[]): number[] =>
      [...new Set([...reached].flatMap((at) => [...(sets[at] ?? [])]))].toSorted((a, b) => a - b);
    return { reads: union(this.reads), writes: union(this.writes) };
  }

  all(): { reads: number[]; writes: number[] }[] {
    return this.parents.map((_, node) => this.of(node));
  }
}

/** The frozen sets of all nodes, as lists of addresses. */
function frozenOf({ frozen }: Footprints): { reads: number[]; writes: number[] }[] {
  const { places, sets, stride, nodes } = frozen;
  const listed = (first: number): number[] => {
    const has = (place: number): boolean => ((sets[first + (place >> 5)] ?? 0) & (1 << (place & 31))) !== 0;
    return [...places].flatMap((place, address) => (place >= 0 && has(place) ? [address] : []));
  };
  return Array.from({ length: nodes }, (_, node) => ({
    reads: listed(node * 2 * stride),
    writes: listed((node * 2 + 1) * stride),
  }));
}

const place = fc.nat({ max: 10_000 });
const event = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("node"), of: fc.option(place, { nil: ROOT }) } as const) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("access"),
      node: place,
      address: fc.nat({ max: ADDRESSES - 1 }),
      reads: fc.boolean(),
      writes: fc.boolean(),
    } as const),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("successor"), node: place, root: place } as const) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("freeze") } as const) },
);

describe("footprints", () => {
  it("are what a walk to everything that follows finds, in any order of learning it", () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 60, maxLength: 120, size: "max" }), (events) => {
        const footprints = new Footprints(ADDRESSES, allocate);
        const plain = new PlainFootprints();
        const freeze = (): void => {
          const before = frozenOf(footprints);
          const grew = footprints.freeze();
          expect(frozenOf(footprints)).toEqual(plain.all());
          expect(grew).toBe(before.some((old, node) => JSON.stringify(old) !== JSON.stringify(plain.of(node))));
        };
        footprints.addNode(ROOT);
        plain.addNode(ROOT);
        for (const each of events) {
          const nodes = plain.parents.length;
          if (each.kind === "node") {
            const parent = each.of === ROOT ? ROOT : each.of % nodes;
            footprints.addNode(parent);
            plain.addNode(parent);
          } else if (each.kind === "access") {
            footprints.addAccess(each.node % nodes, each.address, each.reads, each.writes);
            plain.addAccess(each.node % nodes, each.address, each.reads, each.writes);
          } else if (each.kind === "successor") {
            const roots = plain.parents.flatMap((parent, node) => (parent === ROOT ? [node] : []));
            const root = roots[each.root % roots.length] ?? 0;
            footprints.addSuccessor(each.node % nodes, root);
            plain.addSuccessor(each.node % nodes, root);
          } else {
            freeze();
          }
        }
        freeze();
      }),
      { numRuns: 40 },
    );
  });

  it("of more words than one int has bits move to wider sets, with all that was known", () => {
    const footprints = new Footprints(ADDRESSES, allocate);
    footprints.addNode(ROOT);
    footprints.addNode(0);
    for (let address = 0; address < ADDRESSES; address++) {
      footprints.addAccess(1, address, address % 3 !== 0, address % 3 !== 1);
      footprints.freeze();
      expect(footprints.frozen.stride).toBe(address < 32 ? 1 : address < 64 ? 2 : 4);
      // Two nodes, each with what is read and what is written, each kept twice: as it grows and as it is used.
      expect(footprints.bytes).toBe(2 * (2 * 2 * footprints.frozen.stride) * 4);
    }
    const addresses = Array.from({ length: ADDRESSES }, (_, address) => address);
    const both = {
      reads: addresses.filter((address) => address % 3 !== 0),
      writes: addresses.filter((address) => address % 3 !== 1),
    };
    expect(frozenOf(footprints)).toEqual([both, both]);
  });

  it("stay the same frozen ones, and grow nowhere, while nothing is learned", () => {
    const footprints = new Footprints(ADDRESSES, allocate);
    const none = footprints.frozen;
    expect([none.nodes, none.stride]).toEqual([0, 1]);
    expect(footprints.freeze()).toBe(false);
    expect(footprints.frozen).toBe(none);
    footprints.addNode(ROOT);
    footprints.addAccess(0, 5, true, true);
    expect([...none.places]).toEqual(Array.from({ length: ADDRESSES }, () => -1));
    expect(footprints.freeze()).toBe(false);
    const { frozen } = footprints;
    expect(footprints.freeze()).toBe(false);
    expect(footprints.frozen).toBe(frozen);
    footprints.addAccess(0, 3, true, false);
    expect(footprints.freeze()).toBe(true);
    footprints.addAccess(0, 3, true, false);
    expect(footprints.freeze()).toBe(false);
    expect([...frozen.places]).toEqual(Array.from({ length: ADDRESSES }, (_, address) => (address === 5 ? 0 : -1)));
  });
});
