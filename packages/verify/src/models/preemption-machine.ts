import {
  type Advisory,
  allocateFramesAt,
  builderStore,
  createDomain,
  createHost,
  DOMID_SELF,
  type Domain,
  doMmuextOp,
  type Host,
  mfn,
  MMUEXT_PIN_L1_TABLE,
  pteLo,
  unpauseDomain,
  type Vcpu,
} from "@xsp/hypervisor";
import type { WordsAllocator } from "@xsp/words";

/*
 * The machine of the preemption model: one domain with two vCPUs and the least tree of tables in which a table can be
 * left half done below another that is half done too. Tables have two entries.
 *
 *   l3[0] ─► l2[1] ─► l1, which is empty          (plain memory at first: nothing is pinned)
 *   data, an L1 table of its own, pinned: where the guest maps what it wants to write
 *
 * The entry of the L2 table is its second, since Xen asks for preemption between two entries.
 */

const XEN_FRAMES = 1;
const PRESENT_RW_USER = 7;

/** The machine, ready to run. */
export interface PreemptionMachine {
  readonly host: Host;
  readonly domain: Domain;
  readonly vcpus: readonly Vcpu[];
  readonly l3: number;
  readonly l2: number;
  /** The pinned L1 table. */
  readonly data: number;
  /** What is asked where Xen asks whether a hypercall is to be preempted; set anew before each operation. */
  asked: () => boolean;
  /** What happens before a preempted hypercall goes on; set anew before each operation. */
  meanwhile: () => void;
}

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(`the preemption machine could not be set up: ${what}`);
}

/** Builds the machine. */
export function buildPreemptionMachine(unfixed: readonly Advisory[], allocate: WordsAllocator): PreemptionMachine {
  const [l3, l2, l1, data] = [1, 2, 3, 4] as const;
  const machine = { l3, l2, data, asked: () => false, meanwhile: () => {} };
  const host = createHost({
    frames: XEN_FRAMES + 4,
    scheme: "per-frame",
    superpageOrder: 0,
    tableOrder: 1,
    maxVcpus: 2,
    xenFrames: XEN_FRAMES,
    residentMemory: true,
    unfixed,
    allocate,
    preempt: () => machine.asked(),
    continued: () => machine.meanwhile(),
  });
  const domain = createDomain(host, { vcpus: 2 });
  must(allocateFramesAt(domain, XEN_FRAMES, 4), "no memory");
  const link = (table: number, slot: number, target: number): void =>
    must(builderStore(domain, mfn(table), slot, pteLo(target, PRESENT_RW_USER), 0), "a table cannot be written");
  link(l3, 0, l2);
  link(l2, 1, l1);
  const [vcpu] = domain.vcpus as [Vcpu];
  const pinned = doMmuextOp(vcpu, Int32Array.of(MMUEXT_PIN_L1_TABLE, 0, data, 0, 0, 0), 1, DOMID_SELF);
  must(pinned === 0, "the data table is refused");
  unpauseDomain(domain);
  return Object.assign(machine, { host, domain, vcpus: domain.vcpus });
}
