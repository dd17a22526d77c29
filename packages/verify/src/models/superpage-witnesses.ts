import type { Property, StateView } from "@xsp/checker";
import { isShippedScheme } from "@xsp/hypervisor";
import { type SuperpageMachine, superpageFrames } from "./superpage-machine.ts";
import type { SuperpageOperation } from "./superpage-operations.ts";

/*
 * What must have happened somewhere, or nothing was examined: one `sometimes` for each kind of operation that a model
 * has. Present, RW and PSE of an entry, the type field of `type_info` and the rows of a domain are spelled out as in
 * `superpage-properties.ts`.
 */
const LARGE = 0x81;
const LARGE_RW = 0x83;
const TYPE_AND_VALIDATED = (0xf << 28) | (1 << 26);
const VALIDATED_L1_TABLE = (1 << 28) | (1 << 26);
/** Where the word of each of XSP's schemes says that the superpage is marked. */
const MARK_BITS = 3 << 30;
const DOMAIN_GONE = 0;

function hasLargeEntry({ host, heads }: SuperpageMachine, tables: readonly number[], wanted: number): boolean {
  return tables.some((table) => heads.some((_, slot) => (host.memory.loadLo(table, slot) & LARGE_RW) === wanted));
}

function isPageTable(machine: SuperpageMachine, state: StateView, frame: number): boolean {
  const word = state.bits(TYPE_AND_VALIDATED, () => machine.host.type.load(frame));
  return (word & TYPE_AND_VALIDATED) === VALIDATED_L1_TABLE;
}

function ownerOf({ host }: SuperpageMachine, state: StateView, head: number): number {
  const shift = (head & 1) << 4;
  return (state.bits(0xff << shift, () => host.owner.load(head >> 1)) >> shift) & 0xff;
}

/** The `sometimes` properties of a model with these operations, `before` of which were performed in its setup. */
export function superpageWitnesses(
  machine: SuperpageMachine,
  operations: readonly SuperpageOperation[],
  before: readonly SuperpageOperation[],
  preemptions: number,
  unmarksAtLast: boolean,
): Property[] {
  const { host, heads } = machine;
  const labels = new Set(operations.map(({ label }) => label));
  const done = new Set(before.map(({ label }) => label));
  const empty = machine.l2.filter((table) => heads.every((_, slot) => host.memory.loadLo(table, slot) === 0));
  const list: Property[] = [];
  const sometimes = (label: string, name: string, holds: (state: StateView) => boolean): void => {
    if (labels.has(label)) list.push({ kind: "sometimes", name, holds });
  };
  const { marks } = host.scheme;
  const isMarked = (state: StateView, head: number): boolean =>
    (isShippedScheme(host.scheme.name)
      ? state.bits(MARK_BITS, () => host.scheme.state(host, head))
      : host.scheme.state(host, head)
    ).marked;
  // In a table that has no entry when it begins, as far as there is one.
  const tables = empty.length > 0 ? empty : machine.l2;
  sometimes("map 2M RW", "a superpage is mapped writable", () => hasLargeEntry(machine, tables, LARGE_RW));
  // Under xen-4.1 a read-only entry is accounted as a writable one, but written as it was asked for.
  sometimes("map 2M RO", "a superpage is mapped read-only", () => hasLargeEntry(machine, machine.l2, LARGE));
  if (done.has("map 2M RW")) {
    sometimes("unmap 2M", "a superpage is unmapped", () =>
      heads.some((_, slot) => machine.l2.every((l2) => host.memory.loadLo(l2, slot) === 0)),
    );
  }
  sometimes("pin as L1", "a frame of the superpage is a page table", (state) =>
    // Nothing but the first two frames is ever pinned.
    heads.some((_, superpage) =>
      superpageFrames(machine, superpage)
        .slice(0, 2)
        .some((frame) => isPageTable(machine, state, frame)),
    ),
  );
  if (marks && !done.has("mark"))
    sometimes("mark", "the superpage is marked", (state) => heads.some((head) => isMarked(state, head)));
  // Where the superpage is unmarked at last, whether that succeeds is S6's to say.
  if (marks && done.has("mark") && !unmarksAtLast)
    sometimes("unmark", "the superpage is not marked any more", (state) => {
      return heads.some((head) => !isMarked(state, head));
    });
  sometimes("populate 2M", "the superpage belongs to the other domain", (state) => {
    const others = machine.domains.slice(1);
    return heads.some((head) => others.some(({ slot }) => slot === ownerOf(machine, state, head)));
  });
  sometimes("touch through 2M entry", "a CPU has cached the superpage entry", () => {
    const { translations } = host;
    return translations !== undefined && machine.vcpus.some(({ cpu }) => translations.load(cpu) !== 0);
  });
  sometimes("destroy the domain", "a domain is gone", () => {
    return machine.domains.some((domain) => domain.load(0) === DOMAIN_GONE);
  });
  sometimes("destroy the first domain", "a domain is gone", () => machine.domains[0]?.load(0) === DOMAIN_GONE);
  // The schemes as published never stop inside a superpage.
  if (preemptions > 0 && host.scheme.name.startsWith("sealed")) {
    list.push({
      kind: "sometimes",
      name: "a preempted hypercall has left more than the users need",
      holds: (state) =>
        heads.some((head) => {
          const owner = ownerOf(machine, state, head);
          return !host.scheme.state(host, head).busy && host.scheme.leftOver(host, owner, head);
        }),
    });
  }
  return list;
}
