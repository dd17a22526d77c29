import {
  type Advisory,
  DOMID_SELF,
  type Domain,
  type Host,
  MMUEXT_PIN_L1_TABLE,
  MMUEXT_PIN_L2_TABLE,
  type Scheme,
  type SchemeName,
  type Vcpu,
  XENMEM_populate_physmap,
  _PAGE_PRESENT,
  _PAGE_RW,
  builderStore,
  createDomain,
  createHost,
  doMemoryOp,
  doMmuextOp,
  pteLo,
  unpauseDomain,
} from "@xsp/hypervisor";
import type { WordsAllocator } from "@xsp/words";

/*
 * The machine of the superpage models: as small as a machine can be on which everything can go wrong.
 *
 *   frames   0 … n−1    Xen's
 *            n … 2n−1   the superpage S, of domain 0; more superpages of its behind it, if more are asked for
 *            then       for each vCPU: an L2 table (for superpage entries) and an L1 table (for 4 KiB entries), both
 *                       pinned in its domain; in the lowmem start one more L1 table that maps each S, as the kernel's
 *                       direct map does
 *
 * Slot i of each table is for superpage i; the direct map has its frames one after another.
 *
 * All memory is used up: what is allocated later is what was released before, so that a superpage can go from one
 * domain to another (A-B-A).
 */

/** How frames of the superpage begin: not mapped (type count 0), or mapped by the kernel's direct map (count 1). */
export type SuperpageStart = "highmem" | "lowmem";

/** What the machine is made of. */
export interface SuperpageMachineOptions {
  readonly scheme: SchemeName | Scheme;
  /** One vCPU a number: in which domain it runs. */
  readonly vcpuDomains: readonly number[];
  /** log2 of the frames in a superpage. */
  readonly order: number;
  /** How many superpages domain 0 has. Default 1. */
  readonly superpages?: number;
  readonly start: SuperpageStart;
  readonly unfixed?: readonly Advisory[];
  readonly allocate: WordsAllocator;
  /** log2 of the entries in a table. Default: as many as a superpage has frames, and two at least. */
  readonly tableOrder?: number;
  /** Keep cached translations: see `modelTlb` of the host. */
  readonly tlb: boolean;
  /** Whether the domains after the first may act on others, as dom0 may. Default false. */
  readonly privileged?: boolean;
  /** See the host's options of these names. */
  readonly preempt?: (vcpu: Vcpu) => boolean;
  readonly continued?: (vcpu: Vcpu) => void;
}

/** The machine, ready to run. */
export interface SuperpageMachine {
  readonly host: Host;
  readonly domains: readonly Domain[];
  readonly vcpus: readonly Vcpu[];
  /** First frame of each superpage. */
  readonly heads: readonly number[];
  /** For each superpage the places of its words in the host's slots; none under schemes without slots. */
  readonly slotWords: readonly (readonly number[])[];
  /** L2 table of each vCPU. */
  readonly l2: readonly number[];
  /** L1 table of each vCPU. */
  readonly l1: readonly number[];
  /** The direct map's L1 table; −1 in the highmem start. */
  readonly directMap: number;
}

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(`the superpage machine could not be set up: ${what}`);
}

/** Frames of the whole machine, Xen's among them. */
export function machineFrames(
  options: Pick<SuperpageMachineOptions, "vcpuDomains" | "order" | "superpages" | "start">,
): number {
  const { vcpuDomains, order, start, superpages = 1 } = options;
  return ((1 + superpages) << order) + 2 * vcpuDomains.length + (start === "lowmem" ? 1 : 0);
}

/** Frames of one superpage. */
export function superpageFrames(machine: SuperpageMachine, superpage: number): number[] {
  const head = machine.heads[superpage] as number;
  return Array.from({ length: 1 << machine.host.superpageOrder }, (_, frame) => head + frame);
}

/** What a frame of the superpages is called: `frame 1 of the superpage`; with several, of which. */
export function frameName(machine: SuperpageMachine, frame: number): string {
  const { heads, host } = machine;
  const superpage = heads.findIndex((head) => frame >= head && frame < head + (1 << host.superpageOrder));
  if (superpage < 0) return `frame ${frame}`;
  return `frame ${frame - (heads[superpage] as number)} of ${superpageName(machine, superpage)}`;
}

/** What a superpage is called: `the superpage`, or `superpage 1` where there are several. */
export function superpageName({ heads }: SuperpageMachine, superpage: number): string {
  return heads.length === 1 ? "the superpage" : `superpage ${superpage}`;
}

/** Whether anything stands in the scheme's words for a superpage. */
export function isAccounted({ host, heads, slotWords }: SuperpageMachine, superpage: number): boolean {
  const words = host.scheme.wordsPerSuperpage;
  const first = ((heads[superpage] as number) >> host.superpageOrder) * words;
  for (let word = first; word < first + words; word++) if (host.superpage.load(word) !== 0) return true;
  return (slotWords[superpage] as readonly number[]).some((word) => host.superpageSlots.load(word) !== 0);
}

/** Where the words of a superpage stand among those of the slots: two in each slot, all of the first slot first. */
function slotWordsOf({ frames, superpageOrder, slots }: Host, head: number): readonly number[] {
  const superpages = Math.ceil(frames / (1 << superpageOrder));
  const index = head >> superpageOrder;
  return Array.from({ length: 2 * slots }, (_, word) => 2 * ((word >> 1) * superpages + index) + (word & 1));
}

/** Builds the machine and pins its tables. */
export function buildSuperpageMachine(options: SuperpageMachineOptions): SuperpageMachine {
  const { vcpuDomains, order, start, superpages = 1 } = options;
  const size = 1 << order;
  // The host's last superpage may be a broken one: it can never be mapped as such, and need not be.
  const frames = machineFrames(options);
  const slots = start === "lowmem" ? superpages * size : superpages;
  const host = createHost({
    frames,
    scheme: options.scheme,
    superpageOrder: order,
    tableOrder: options.tableOrder ?? Math.max(1, order, Math.ceil(Math.log2(slots))),
    maxVcpus: vcpuDomains.length,
    xenFrames: size,
    residentMemory: true,
    modelTlb: options.tlb,
    unfixed: options.unfixed ?? [],
    allocate: options.allocate,
    preempt: options.preempt ?? (() => false),
    continued: options.continued ?? (() => {}),
  });
  const domainCount = Math.max(...vcpuDomains) + 1;
  const domains: Domain[] = [];
  const vcpus: Vcpu[] = Array.from({ length: vcpuDomains.length });
  for (let index = 0; index < domainCount; index++) {
    const members = vcpuDomains.flatMap((domain, vcpu) => (domain === index ? [vcpu] : []));
    const domain = createDomain(host, { vcpus: members.length, privileged: index > 0 && options.privileged === true });
    for (const [i, vcpu] of members.entries()) vcpus[vcpu] = domain.vcpus[i] as Vcpu;
    domains.push(domain);
  }
  const owner = domains[0] as Domain;
  const heads = Array.from({ length: superpages }, () => populate(owner, order));
  must(
    heads.every((head, superpage) => head === size * (superpage + 1)),
    "the superpages are not where they belong",
  );
  const table = (domain: Domain): number => populate(domain, 0);
  const l2 = vcpus.map((vcpu) => table(vcpu.domain));
  const l1 = vcpus.map((vcpu) => table(vcpu.domain));
  let directMap = -1;
  if (start === "lowmem") {
    directMap = table(owner);
    for (let frame = 0; frame < superpages * size; frame++) {
      builderStore(owner, directMap, frame, pteLo(size + frame, _PAGE_PRESENT | _PAGE_RW), 0);
    }
    pin(owner.vcpus[0] as Vcpu, MMUEXT_PIN_L1_TABLE, directMap);
  }
  for (const [index, vcpu] of vcpus.entries()) {
    pin(vcpu, MMUEXT_PIN_L2_TABLE, l2[index] as number);
    pin(vcpu, MMUEXT_PIN_L1_TABLE, l1[index] as number);
    // Its CPU walks these tables: a change of type has to reckon with its TLB.
    vcpu.domain.setBits(DOMAIN_DIRTY_CPUS, 1 << vcpu.cpu);
  }
  for (const domain of domains) unpauseDomain(domain);
  const slotWords = heads.map((head) => slotWordsOf(host, head));
  return { host, domains, vcpus, heads, slotWords, l2, l1, directMap };
}

/** Field of a domain that says which CPUs may hold its translations. */
const DOMAIN_DIRTY_CPUS = 2;

function populate(domain: Domain, order: number): number {
  const extents = new Int32Array(1);
  const vcpu = domain.vcpus[0] as Vcpu;
  const got = doMemoryOp(vcpu, XENMEM_populate_physmap, {
    extents,
    nrExtents: 1,
    extentOrder: order,
    domid: DOMID_SELF,
  });
  must(got === 1, "no memory");
  return extents[0] as number;
}

function pin(vcpu: Vcpu, command: number, frame: number): void {
  must(doMmuextOp(vcpu, Int32Array.of(command, 0, frame, 0, 0, 0), 1, DOMID_SELF) === 0, "a table could not be pinned");
}
