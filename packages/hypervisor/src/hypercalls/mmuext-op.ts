import { DOMAIN_dirty_cpus, DOMAIN_state, DOMSTATE_dying } from "../domain-words.ts";
import { VCPU_ldt_base_hi, VCPU_ldt_base_lo, VCPU_ldt_ents, VCPU_old_guest_table } from "../vcpu-words.ts";
import { clearPinned, setPinned } from "../page-lock.ts";
import { EACCES, EFAULT, EINTR, EINVAL, ENOSYS, EPERM, ERESTART, ESRCH } from "../errno.ts";
import { type Domain, type Vcpu } from "../host.ts";
import { putPageAndTypePreemptible, setOldGuestTable } from "../old-guest-table.ts";
import { putPage } from "../page-references.ts";
import { getPageType, putPageAndType } from "../page-types.ts";
import { flushTlbMask } from "../tlb.ts";
import { PGT_l1_page_table, PGT_writable_page } from "../type-info.ts";
import { addressOk } from "../virtual-address.ts";
import { newGuestCr3, newUserBaseptr } from "./base-pointers.ts";
import {
  continueHypercall,
  frameArgument,
  getPageFromGfn,
  getPgOwner,
  guestWords,
  mayActOn,
} from "./hypercall-arguments.ts";
import {
  MMUEXT_CLEAR_PAGE,
  MMUEXT_COPY_PAGE,
  MMUEXT_FLUSH_CACHE,
  MMUEXT_FLUSH_CACHE_GLOBAL,
  MMUEXT_INVLPG_ALL,
  MMUEXT_INVLPG_LOCAL,
  MMUEXT_INVLPG_MULTI,
  MMUEXT_MARK_SUPER,
  MMUEXT_NEW_BASEPTR,
  MMUEXT_NEW_USER_BASEPTR,
  MMUEXT_PIN_L1_TABLE,
  MMUEXT_PIN_L2_TABLE,
  MMUEXT_PIN_L3_TABLE,
  MMUEXT_PIN_L4_TABLE,
  MMUEXT_SET_LDT,
  MMUEXT_TLB_FLUSH_ALL,
  MMUEXT_TLB_FLUSH_LOCAL,
  MMUEXT_TLB_FLUSH_MULTI,
  MMUEXT_UNMARK_SUPER,
  MMUEXT_UNPIN_TABLE,
} from "./hypercall-numbers.ts";
import { putAnythingOld } from "./mmu-update.ts";

/** Words of an operation: command, 0, arg1 low, arg1 high, arg2 low, arg2 high. */
export const MMUEXT_OP_WORDS = 6;

/** Descriptors that an LDT can have. */
const LDT_MAX_ENTRIES = 8192;

/**
 * `mmuext_op`: pins and unpins page tables, changes base pointers, flushes, clears and copies frames, marks and unmarks
 * superpages.
 *
 * @param ops - six words for each operation: command, 0, arg1 low, arg1 high, arg2 low, arg2 high. `arg1` is a frame or
 * a linear address, `arg2` a number of entries or the source frame.
 * @param foreigndom - whose frames are meant.
 * @returns 0 or a negated errno of the first operation that failed; `vcpu.done` says how many were done before. EFAULT:
 * operations not readable; ESRCH: no such domain; EPERM: not allowed for another domain; ENOSYS: unknown command;
 * EINVAL: not that domain's frame, conflicting type, already pinned, not pinned, misaligned; EOPNOTSUPP (ENOSYS before
 * 4.9): marks without superpages; and the errors of validation and of the scheme.
 *
 * Source: `public/xen.h`; Models: do_mmuext_op @ Xen 4.9. Cost: O(1), plus validation for pins and base pointers, plus
 * O(frames of a superpage) for marks.
 */
export function mmuextOp(vcpu: Vcpu, ops: unknown, count: number, foreigndom: number): number {
  vcpu.done = 0;
  vcpu.host.perf.calls_to_mmuext_op++;
  const words = guestWords(ops);
  if (words === undefined) return -EFAULT;
  let owner = getPgOwner(vcpu, foreigndom & 0xffff);
  if (owner === undefined) return -ESRCH;
  if (!mayActOn(vcpu.domain, owner)) return -EPERM;
  const total = count >>> 0;
  let rc = 0;
  for (let done = 0; done < total;) {
    // A continuation looks the domain up again: it may be gone by then, and its slot another's.
    if (done > 0 && vcpu.host.preempt(vcpu)) {
      continueHypercall(vcpu);
      owner = getPgOwner(vcpu, foreigndom & 0xffff);
    }
    if (owner === undefined) {
      putAnythingOld(vcpu);
      return -ESRCH;
    }
    const at = done * MMUEXT_OP_WORDS;
    rc = at + MMUEXT_OP_WORDS > words.length ? -EFAULT : operation(vcpu, words, at, owner);
    if (rc === -ERESTART) {
      continueHypercall(vcpu);
      owner = getPgOwner(vcpu, foreigndom & 0xffff);
      continue;
    }
    if (putAnythingOld(vcpu)) owner = getPgOwner(vcpu, foreigndom & 0xffff);
    if (rc !== 0) break;
    vcpu.host.perf.num_mmuext_ops++;
    vcpu.done = ++done;
  }
  return rc;
}

function operation(vcpu: Vcpu, words: Int32Array, at: number, owner: Domain): number {
  const { host, domain } = vcpu;
  const command = words[at] as number;
  const arg1Lo = words[at + 2] as number;
  const arg1Hi = words[at + 3] as number;
  const frame = frameArgument(arg1Lo, arg1Hi);
  const own = owner === domain;
  switch (command) {
    case MMUEXT_PIN_L1_TABLE:
    case MMUEXT_PIN_L2_TABLE:
    case MMUEXT_PIN_L3_TABLE:
    case MMUEXT_PIN_L4_TABLE:
      return pin(vcpu, owner, frame, (command - MMUEXT_PIN_L1_TABLE + 1) << 28);
    case MMUEXT_UNPIN_TABLE:
      return unpin(vcpu, owner, frame);
    case MMUEXT_NEW_BASEPTR:
      return own ? newGuestCr3(vcpu, frame) : -EPERM;
    case MMUEXT_NEW_USER_BASEPTR:
      return own ? newUserBaseptr(vcpu, frame) : -EPERM;
    case MMUEXT_TLB_FLUSH_LOCAL:
      if (!own) return -EPERM;
      flushTlbMask(host, 1 << vcpu.cpu);
      return 0;
    case MMUEXT_TLB_FLUSH_MULTI:
    case MMUEXT_TLB_FLUSH_ALL:
      if (!own) return -EPERM;
      flushTlbMask(host, domain.load(DOMAIN_dirty_cpus));
      return 0;
    case MMUEXT_INVLPG_LOCAL:
    case MMUEXT_INVLPG_MULTI:
    case MMUEXT_INVLPG_ALL:
      return own ? 0 : -EPERM;
    case MMUEXT_FLUSH_CACHE:
      if (!own) return -EPERM;
      return domain.privileged ? 0 : -EACCES;
    case MMUEXT_FLUSH_CACHE_GLOBAL:
      if (!own) return -EPERM;
      return domain.privileged ? 0 : -EINVAL;
    case MMUEXT_SET_LDT:
      return own ? setLdt(vcpu, arg1Lo, arg1Hi, words[at + 4] as number) : -EPERM;
    case MMUEXT_CLEAR_PAGE:
      return clearPage(vcpu, owner, frame);
    case MMUEXT_COPY_PAGE:
      return copyPage(vcpu, owner, frame, frameArgument(words[at + 4] as number, words[at + 5] as number));
    case MMUEXT_MARK_SUPER:
    case MMUEXT_UNMARK_SUPER: {
      if (!host.superpagesAllowed || !host.scheme.marks) return -host.version.marksNotAllowedErrno;
      if (!own) return -EPERM;
      const last = (1 << host.superpageOrder) - 1;
      const inRange = host.mfnValid(frame + last) || host.unfixed["XSA-167"];
      if (frame % (last + 1) !== 0 || !inRange) {
        return host.refuse("mark, unmark: misaligned or not RAM", frame, -EINVAL);
      }
      return command === MMUEXT_MARK_SUPER ? mark(vcpu, domain, frame) : host.scheme.unmark(vcpu, domain, frame, true);
    }
    default:
      return -ENOSYS;
  }
}

function mark(vcpu: Vcpu, domain: Domain, frame: number): number {
  const rc = vcpu.host.scheme.mark(vcpu, domain, frame, true);
  return rc === -EINTR ? -ERESTART : rc;
}

function pin(vcpu: Vcpu, owner: Domain, frame: number, type: number): number {
  const { host } = vcpu;
  if (!getPageFromGfn(owner, frame)) return -EINVAL;
  const rc = getPageType(vcpu, frame, type, true);
  if (rc !== 0) {
    if (vcpu.load(VCPU_old_guest_table) !== frame) putPage(host, frame);
    if (rc === -EINTR) return -ERESTART;
    if (rc !== -ERESTART) host.noteRefusal("pin: the type was refused", frame, rc);
    return rc;
  }
  host.perf.tableFrameGets++;
  host.perf.tableTypeGets++;
  if (setPinned(host, frame)) {
    // Destruction may have passed this frame already: then nobody would ever unpin it.
    if (owner.load(DOMAIN_state) !== DOMSTATE_dying || !clearPinned(host, frame)) return 0;
    dropPin(vcpu, frame, type);
    return host.refuse("pin: the domain is dying", frame, -EINVAL);
  }
  dropPin(vcpu, frame, type);
  return host.refuse("pin: pinned already", frame, -EINVAL);
}

function dropPin(vcpu: Vcpu, frame: number, type: number): void {
  vcpu.host.perf.tableFramePuts++;
  vcpu.host.perf.tableTypePuts++;
  if (type === PGT_l1_page_table) putPageAndType(vcpu, frame);
  else setOldGuestTable(vcpu, frame, false);
}

function unpin(vcpu: Vcpu, owner: Domain, frame: number): number {
  const { host } = vcpu;
  if (!getPageFromGfn(owner, frame)) return -EINVAL;
  if (!clearPinned(host, frame)) {
    putPage(host, frame);
    return host.refuse("unpin: not pinned", frame, -EINVAL);
  }
  host.perf.tableFramePuts++;
  host.perf.tableTypePuts++;
  putPageAndTypePreemptible(vcpu, frame);
  putPage(host, frame);
  return 0;
}

function setLdt(vcpu: Vcpu, addressLo: number, addressHi: number, entries: number): number {
  const ents = entries >>> 0;
  const lo = ents === 0 ? 0 : addressLo;
  const hi = ents === 0 ? 0 : addressHi;
  if ((lo & 0xfff) !== 0 || !addressOk(hi) || ents > LDT_MAX_ENTRIES) return -EINVAL;
  vcpu.store(VCPU_ldt_base_lo, lo);
  vcpu.store(VCPU_ldt_base_hi, hi);
  vcpu.store(VCPU_ldt_ents, ents);
  return 0;
}

function clearPage(vcpu: Vcpu, owner: Domain, frame: number): number {
  if (!getPageFromGfn(owner, frame)) return -EINVAL;
  if (getPageType(vcpu, frame, PGT_writable_page, false) !== 0) {
    putPage(vcpu.host, frame);
    return -EINVAL;
  }
  vcpu.host.memory.clear(frame);
  putPageAndType(vcpu, frame);
  return 0;
}

function copyPage(vcpu: Vcpu, owner: Domain, to: number, from: number): number {
  const { host } = vcpu;
  if (!getPageFromGfn(owner, from)) return -EINVAL;
  let rc = -EINVAL;
  if (getPageFromGfn(owner, to)) {
    if (getPageType(vcpu, to, PGT_writable_page, false) === 0) {
      host.memory.copy(to, from);
      putPageAndType(vcpu, to);
      rc = 0;
    } else {
      putPage(host, to);
    }
  }
  putPage(host, from);
  return rc;
}
