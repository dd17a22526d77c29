import {
  DOMID_SELF,
  MMUEXT_MARK_SUPER,
  MMUEXT_PIN_L1_TABLE,
  MMUEXT_UNMARK_SUPER,
  MMUEXT_UNPIN_TABLE,
  XENMEM_decrease_reservation,
  XENMEM_populate_physmap,
  _PAGE_PRESENT,
  _PAGE_PSE,
  _PAGE_RW,
  cacheTranslation,
  destroyDomain,
  doMemoryOp,
  doMmuUpdate,
  doMmuextOp,
  pteLo,
} from "@xsp/hypervisor";
import type { SuperpageMachine } from "./superpage-machine.ts";

/*
 * What a vCPU of the superpage models can do: each is one hypercall of the shipped hypervisor, or one thing that its
 * CPU does by itself.
 */

/** One operation. */
export interface SuperpageOperation {
  /** As it is called in counterexamples. */
  readonly label: string;
  /** Frames of the superpage that it is about, for those that are about single frames. */
  readonly frames?: readonly number[];
  /** Whether it is about no superpage in particular, so that it is not performed on each in turn. */
  readonly everywhere?: boolean;
  /** Whether the vCPU's domain is gone afterwards. */
  readonly last?: boolean;
  /** Whether success means that the superpage's accounting has changed. */
  readonly accounts?: boolean;
  /** Whether frames of the superpage can change hands. */
  readonly movesFrames?: boolean;
  /** Whether the first domain is paused before, so that its vCPUs do not run again. */
  readonly pausesFirst?: boolean;
  /**
   * Performs it.
   *
   * @param superpage - number of the superpage that it is about.
   * @returns what the hypercall returned.
   */
  run(machine: SuperpageMachine, vcpu: number, superpage: number): number;
}

/** What an operation is announced with: the frames it is about, and the superpage where there are several. */
export function operationArguments(
  operation: SuperpageOperation,
  machine: SuperpageMachine,
  superpage: number,
): (number | string)[] {
  const frames = operation.frames?.map((frame) => inSuperpage(machine, frame)) ?? [];
  // One number stays a number: that is what announcements of single frames have always been.
  const named = frames.length > 1 ? [frames.join(" and ")] : frames;
  const several = machine.heads.length > 1 && operation.everywhere !== true;
  return several ? [...named, `superpage ${superpage}`] : named;
}

/** A frame that a superpage of this order does not have stands for its last one. */
function inSuperpage({ host }: SuperpageMachine, frame: number): number {
  return Math.min(frame, (1 << host.superpageOrder) - 1);
}

function frameOf(machine: SuperpageMachine, superpage: number, frame: number): number {
  return (machine.heads[superpage] as number) + inSuperpage(machine, frame);
}

/** Entries of one kind that a word of `sealed` can count. */
const WORD_LIMIT = 0x7ff;

/** Word of a domain that says what it is doing, and that it is being destroyed. */
const DOMAIN_STATE = 0;
const DYING = 3;

const flagsRw = _PAGE_PRESENT | _PAGE_RW;

function updateEntry(machine: SuperpageMachine, vcpu: number, table: number, slot: number, value: number): number {
  const requests = Int32Array.of(((table & 0xfffff) << 12) | (slot << 3), 0, value, 0);
  return doMmuUpdate(machine.vcpus[vcpu]!, requests, 1, DOMID_SELF);
}

function extended(machine: SuperpageMachine, vcpu: number, command: number, frame: number): number {
  return doMmuextOp(machine.vcpus[vcpu]!, Int32Array.of(command, 0, frame, 0, 0, 0), 1, DOMID_SELF);
}

/** @param tableOf - in which vCPU's L2 table. Default: in that of whoever performs it. */
function superpageEntry(label: string, flags: number, tableOf?: number): SuperpageOperation {
  return {
    label,
    accounts: flags !== 0,
    run: (machine, vcpu, superpage) => {
      const value = flags === 0 ? 0 : pteLo(machine.heads[superpage]!, flags | _PAGE_PSE);
      return updateEntry(machine, vcpu, machine.l2.at(tableOf ?? vcpu)!, superpage, value);
    },
  };
}

function smallEntry(label: string, frame: number, flags: number): SuperpageOperation {
  return {
    label,
    frames: [frame],
    run: (machine, vcpu, superpage) => {
      const value = flags === 0 ? 0 : pteLo(frameOf(machine, superpage, frame), flags);
      return updateEntry(machine, vcpu, machine.l1[vcpu]!, superpage, value);
    },
  };
}

function directMapEntry(label: string, frame: number, flags: number): SuperpageOperation {
  return {
    label,
    frames: [frame],
    run: (machine, vcpu, superpage) => {
      const target = frameOf(machine, superpage, frame);
      return updateEntry(machine, vcpu, machine.directMap, target - machine.heads[0]!, pteLo(target, flags));
    },
  };
}

function release(frames: readonly number[]): SuperpageOperation {
  return {
    label: "release",
    movesFrames: true,
    frames,
    run: (machine, vcpu, superpage) =>
      doMemoryOp(machine.vcpus[vcpu]!, XENMEM_decrease_reservation, {
        extents: Int32Array.from(frames, (frame) => frameOf(machine, superpage, frame)),
        nrExtents: frames.length,
        extentOrder: 0,
        domid: DOMID_SELF,
      }),
  };
}

/**
 * Operations by name. The number in a name is the frame of the superpage that it is about; in a superpage too small to
 * have it, the last.
 */
export const superpageOperations: Readonly<Record<string, SuperpageOperation>> = {
  "map-2m-rw": superpageEntry("map 2M RW", flagsRw),
  "map-2m-ro": superpageEntry("map 2M RO", _PAGE_PRESENT),
  "unmap-2m": superpageEntry("unmap 2M", 0),
  "map-2m-rw-in-first": superpageEntry("map 2M RW in the first vCPU's table", flagsRw, 0),
  "unmap-2m-in-first": superpageEntry("unmap 2M in the first vCPU's table", 0, 0),
  "unmap-2m-in-last": superpageEntry("unmap 2M in the last vCPU's table", 0, -1),
  mark: {
    label: "mark",
    accounts: true,
    run: (machine, vcpu, superpage) => extended(machine, vcpu, MMUEXT_MARK_SUPER, machine.heads[superpage]!),
  },
  unmark: {
    label: "unmark",
    accounts: true,
    run: (machine, vcpu, superpage) => extended(machine, vcpu, MMUEXT_UNMARK_SUPER, machine.heads[superpage]!),
  },
  "pin-0": pin(0),
  "pin-1": pin(1),
  "unpin-0": unpin(0),
  "unpin-1": unpin(1),
  "map-4k-rw-0": smallEntry("map 4K RW", 0, flagsRw),
  "map-4k-rw-1": smallEntry("map 4K RW", 1, flagsRw),
  "map-4k-ro-1": smallEntry("map 4K RO", 1, _PAGE_PRESENT),
  "unmap-4k": smallEntry("unmap 4K", 0, 0),
  "direct-map-ro-0": directMapEntry("direct map RO", 0, _PAGE_PRESENT),
  "direct-map-ro-1": directMapEntry("direct map RO", 1, _PAGE_PRESENT),
  "direct-map-rw-1": directMapEntry("direct map RW", 1, flagsRw),
  "release-0": release([0]),
  "release-1": release([1]),
  "release-both": release([0, 1]),
  populate: {
    label: "populate 2M",
    everywhere: true,
    movesFrames: true,
    run: (machine, vcpu) =>
      doMemoryOp(machine.vcpus[vcpu]!, XENMEM_populate_physmap, {
        extents: new Int32Array(1),
        nrExtents: 1,
        extentOrder: machine.host.superpageOrder,
        domid: DOMID_SELF,
      }),
  },
  "touch-2m": {
    label: "touch through 2M entry",
    run: (machine, vcpu, superpage) =>
      cacheTranslation(machine.vcpus[vcpu]!, machine.l2[vcpu]!, superpage, 2) ? 1 : 0,
  },
  "touch-4k": {
    label: "touch through 4K entry",
    run: (machine, vcpu, superpage) =>
      cacheTranslation(machine.vcpus[vcpu]!, machine.l1[vcpu]!, superpage, 1) ? 1 : 0,
  },
  destroy: {
    label: "destroy the domain",
    everywhere: true,
    last: true,
    movesFrames: true,
    run: (machine, vcpu) => destroyDomain(machine.vcpus[vcpu]!.domain),
  },
  // By the toolstack: the vCPU's own domain has nothing to do with it.
  "destroy-first": {
    label: "destroy the first domain",
    movesFrames: true,
    pausesFirst: true,
    run: (machine) => destroyDomain(machine.domains[0]!),
  },
  "destroy-first-running": {
    label: "destroy the first domain while it runs",
    movesFrames: true,
    run: (machine) => destroyDomain(machine.domains[0]!),
  },
  // What of a destruction is about the superpage, without the rest of it: small enough to explore beside other vCPUs.
  "clear-mark": {
    label: "clear the mark, as the domain's destruction does",
    run: ({ host, domains, heads }, _, superpage) => {
      const owner = domains[0]!;
      owner.store(DOMAIN_STATE, DYING);
      return host.scheme.relinquish(host.xen, owner, heads[superpage]!, true);
    },
  },
  "begin-to-die": {
    label: "begin to destroy the domain",
    everywhere: true,
    run: ({ domains }) => {
      domains[0]!.store(DOMAIN_STATE, DYING);
      return 0;
    },
  },
  "fill-2m-rw": {
    label: "map 2M RW in all other slots, to the limit of a word",
    run: (machine, vcpu, superpage) => {
      const head = machine.heads[superpage]!;
      for (const table of machine.l2) {
        for (let slot = machine.heads.length; slot < machine.host.memory.entries; slot++) {
          if (machine.host.scheme.state(machine.host, head).count === WORD_LIMIT) return 0;
          const rc = updateEntry(machine, vcpu, table, slot, pteLo(head, flagsRw | _PAGE_PSE));
          if (rc !== 0) return rc;
        }
      }
      return 0;
    },
  },
  "map-2m-rw-for-first": {
    label: "map 2M RW for the first domain",
    run: (machine, vcpu, superpage) => {
      const [first] = machine.domains;
      const address = ((machine.l2[0]! & 0xfffff) << 12) | (superpage << 3);
      const requests = Int32Array.of(address, 0, pteLo(machine.heads[superpage]!, flagsRw | _PAGE_PSE), 0);
      return doMmuUpdate(machine.vcpus[vcpu]!, requests, 1, ((first!.domid + 1) << 16) | DOMID_SELF);
    },
  },
};

function pin(frame: number): SuperpageOperation {
  return {
    label: "pin as L1",
    frames: [frame],
    run: (machine, vcpu, superpage) => extended(machine, vcpu, MMUEXT_PIN_L1_TABLE, frameOf(machine, superpage, frame)),
  };
}

function unpin(frame: number): SuperpageOperation {
  return {
    label: "unpin",
    frames: [frame],
    run: (machine, vcpu, superpage) => extended(machine, vcpu, MMUEXT_UNPIN_TABLE, frameOf(machine, superpage, frame)),
  };
}
