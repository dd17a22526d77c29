import * as vcpuWords from "./vcpu-words.ts";
import { getLinear } from "./linear-references.ts";
import * as errno from "./errno.ts";
import { type Domain, type Host, type Vcpu } from "./host.ts";
import { GUEST_FLAGS } from "./l1-entry.ts";
import { getPage, putPage } from "./page-references.ts";
import * as pageTableEntry from "./page-table-entry.ts";
import { getPageType, putPageType } from "./page-types.ts";

// Constants of this module, which the compiler folds into its code: see "Hot paths" in docs/benchmarks.md.
const { VCPU_old_guest_table } = vcpuWords;
const { EINTR, EINVAL, ERESTART } = errno;
const { PTE_FLAGS_MASK, _PAGE_PRESENT, _PAGE_PSE, _PAGE_RW, pteFlags, pteMfn } = pageTableEntry;

/*
 * References of L2, L3 and L4 entries: a table of the level below, a superpage (L2 only), or, read-only, a table of
 * the same level (a linear page table).
 *
 * Models: get_page_from_l2e … l4e, put_page_from_l2e … l4e, get_page_and_type_from_pagenr @ Xen 4.9.
 */

const DISALLOWED = PTE_FLAGS_MASK & ~GUEST_FLAGS;

/** Flags refused in a present entry of a table above L1. */
export function tableDisallowedFlags(host: Host, level: number): number {
  return level === 2 && host.superpagesAllowed ? DISALLOWED & ~_PAGE_PSE : DISALLOWED;
}

/**
 * Takes a general and a type reference on a page table.
 *
 * @param partial - the general reference is held from an earlier, preempted attempt.
 * @returns 0 or the error. A general reference is left held on −ERESTART (and on −EINTR if it was held before), for
 * the entry is then partial; and when the frame waits as the old table.
 */
function getTable(
  vcpu: Vcpu,
  frame: number,
  type: number,
  domain: Domain,
  partial: boolean,
  preemptible: boolean,
): number {
  const { host } = vcpu;
  if (!partial && !(host.mfnValid(frame) && getPage(host, frame, domain.slot))) return -EINVAL;
  const rc = getPageType(vcpu, frame, type, preemptible);
  if (rc === 0) {
    host.perf.tableFrameGets++;
    host.perf.tableTypeGets++;
    return 0;
  }
  const held = rc === -ERESTART || (rc === -EINTR && partial) || vcpu.load(VCPU_old_guest_table) === frame;
  if (!held) putPage(host, frame);
  return rc;
}

/**
 * Takes the references of an entry of an L2, L3 or L4 table.
 *
 * @param level - level of the table that holds the entry.
 * @param partial - the entry was half done when its table was left partial.
 * @param superpagePreemptible - whether the work of a superpage entry may be preempted; tables of L3 and L4 always are.
 * @returns 0 or a negated errno; −ERESTART at L3 and L4 only, −EINTR there and for a superpage entry.
 */
export function getPageFromTableEntry(
  vcpu: Vcpu,
  level: number,
  lo: number,
  hi: number,
  table: number,
  domain: Domain,
  partial: boolean,
  superpagePreemptible: boolean,
): number {
  const { host } = vcpu;
  if ((lo & _PAGE_PRESENT) === 0) return 0;
  if ((pteFlags(lo, hi) & tableDisallowedFlags(host, level)) !== 0) {
    return host.refuse("getPageFromTableEntry: flags that a guest may not set", pteMfn(lo, hi), -EINVAL);
  }
  const frame = pteMfn(lo, hi);
  return level === 2 && (lo & _PAGE_PSE) !== 0
    ? getSuperpage(vcpu, frame, domain, (lo & _PAGE_RW) !== 0, superpagePreemptible)
    : getLowerTable(vcpu, level, lo, frame, table, domain, partial);
}

/** The references of a superpage entry. */
function getSuperpage(vcpu: Vcpu, frame: number, domain: Domain, writable: boolean, preemptible: boolean): number {
  const { host } = vcpu;
  const last = (1 << host.superpageOrder) - 1;
  // XSA-167 came with the superpage words, that is, with marks: 4.0 looked at each of the frames.
  const inRange = host.mfnValid(frame + last) || (host.unfixed["XSA-167"] && host.scheme.marks);
  if ((frame & last) !== 0 || !inRange) {
    return host.refuse("getPageFromTableEntry: superpage misaligned or not RAM", frame, -EINVAL);
  }
  return host.scheme.map(vcpu, domain, frame, writable, preemptible);
}

/** The references of an entry that names a table: of the level below, or of its own level and read-only. */
function getLowerTable(
  vcpu: Vcpu,
  level: number,
  lo: number,
  frame: number,
  table: number,
  domain: Domain,
  partial: boolean,
): number {
  const { host } = vcpu;
  const preemptible = level > 2;
  let rc = getTable(vcpu, frame, (level - 1) << 28, domain, partial, preemptible);
  if (rc !== 0 && level === 2 && !host.version.l1FailureShowsThrough) rc = -EINVAL;
  if (rc === -EINVAL && (lo & _PAGE_RW) === 0) {
    // A table may show itself at no cost: it is there as long as the entry is.
    if (frame === table || getLinear(vcpu, table, frame, level << 28)) return 0;
  }
  return rc;
}

/**
 * Gives the references of an entry of an L2, L3 or L4 table back.
 *
 * @param partial - the entry is only half taken, or half given back.
 * @param superpagePreemptible - as for {@link getPageFromTableEntry}.
 * @returns 0 when done, 1 when there was nothing to give back, −ERESTART or −EINTR when preempted. At L2 that is a
 * superpage entry, which is done with all the same: the rest waits as the vCPU's old superpage.
 */
export function putPageFromTableEntry(
  vcpu: Vcpu,
  level: number,
  lo: number,
  hi: number,
  table: number,
  partial: boolean,
  superpagePreemptible: boolean,
): number {
  if ((lo & _PAGE_PRESENT) === 0) return 1;
  const frame = pteMfn(lo, hi);
  return level === 2 && (lo & _PAGE_PSE) !== 0
    ? vcpu.host.scheme.unmap(vcpu, frame, (lo & _PAGE_RW) !== 0, superpagePreemptible)
    : putLowerTable(vcpu, level, frame, table, partial);
}

function putLowerTable(vcpu: Vcpu, level: number, frame: number, table: number, partial: boolean): number {
  const { host } = vcpu;
  if (frame === table) return 1;
  const rc = putPageType(vcpu, frame, level > 2, table, partial);
  if (rc !== 0) return rc;
  host.perf.tableFramePuts++;
  host.perf.tableTypePuts++;
  putPage(host, frame);
  return 0;
}
