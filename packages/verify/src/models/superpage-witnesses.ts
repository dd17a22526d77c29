import type { Property } from "@xsp/checker";
import type { SuperpageMachine } from "./superpage-machine.ts";
import type { SuperpageOperation } from "./superpage-operations.ts";

/*
 * What must have happened somewhere, or nothing was examined: one `sometimes` for each kind of operation that a model
 * has. Present, RW and PSE of an entry, the type field of `type_info` and the rows of a domain are spelled out as in
 * `superpage-properties.ts`.
 */
const LARGE = 0x81;
const LARGE_RW = 0x83;
const L1_TABLE = 1;
const DOMAIN_GONE = 0;

function hasLargeEntry(machine: SuperpageMachine, wanted: number): boolean {
  return machine.l2.some((table) => (machine.host.memory.loadLo(table, 0) & LARGE_RW) === wanted);
}

function isPageTable(machine: SuperpageMachine, frame: number): boolean {
  const type = machine.host.type.load(frame);
  return type >>> 28 === L1_TABLE && (type & 0x7fffff) !== 0;
}

function headOwner(machine: SuperpageMachine): number {
  const { host, head } = machine;
  return (host.owner.load(head >> 1) >> ((head & 1) << 4)) & 0xff;
}

/** The `sometimes` properties of a model with these operations, `before` of which were performed in its setup. */
export function superpageWitnesses(
  machine: SuperpageMachine,
  operations: readonly SuperpageOperation[],
  before: readonly SuperpageOperation[],
  preemptions: number,
): Property[] {
  const { host, head } = machine;
  const labels = new Set(operations.map(({ label }) => label));
  const done = new Set(before.map(({ label }) => label));
  const list: Property[] = [];
  const sometimes = (label: string, name: string, holds: () => boolean): void => {
    if (labels.has(label)) list.push({ kind: "sometimes", name, holds });
  };
  const { marks } = host.scheme;
  const marked = (): boolean => host.scheme.state(host, head).marked;
  sometimes("map 2M RW", "a superpage is mapped writable", () => hasLargeEntry(machine, LARGE_RW));
  // Under xen-4.1 a read-only entry is accounted as a writable one, but written as it was asked for.
  sometimes("map 2M RO", "a superpage is mapped read-only", () => hasLargeEntry(machine, LARGE));
  if (done.has("map 2M RW")) {
    sometimes("unmap 2M", "a superpage is unmapped", () => machine.l2.every((l2) => host.memory.loadLo(l2, 0) === 0));
  }
  sometimes("pin as L1", "a frame of the superpage is a page table", () =>
    [head, head + 1].some((frame) => isPageTable(machine, frame)),
  );
  if (marks && !done.has("mark")) sometimes("mark", "the superpage is marked", marked);
  if (marks && done.has("mark")) sometimes("unmark", "the superpage is not marked any more", () => !marked());
  sometimes("populate 2M", "the superpage belongs to the other domain", () => {
    return headOwner(machine) === machine.domains[1]?.slot;
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
      holds: () => !host.scheme.state(host, head).busy && host.scheme.leftOver(host, headOwner(machine), head),
    });
  }
  return list;
}
