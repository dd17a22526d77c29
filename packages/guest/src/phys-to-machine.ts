import { type Mfn, type Pfn, mfn, pfn } from "@xsp/hypervisor";
import { HPAGE_ORDER, HPAGE_PAGES } from "./address-layout.ts";
import { assert } from "./assert.ts";

/** No machine frame behind this page: it is ballooned out. */
export const INVALID_P2M_ENTRY = -1;

const OFFSET_MASK: number = HPAGE_PAGES - 1;

/**
 * Both directions between the guest's frame numbers and the machine's: P2M, kept by the guest, and M2P for its own
 * frames. [L39 arch/x86/xen/p2m.c]
 *
 * P2M has a word for each page. M2P has one for each machine superpage, as long as that is one block of pages in the
 * same order, which is how superpages=1 populates a domain; any other superpage has a table of its own:
 *
 * ```text
 *   m2pBlock[mfn >> 9] ──► first page + 1, the other 511 follow
 *                     └──► 0: m2pFrames[mfn >> 9][mfn & 511] ──► page + 1, or 0 where the frame is not this guest's
 * ```
 *
 * Simplified: the M2P of a real machine belongs to Xen and is mapped read-only; here the guest keeps the inverse of its
 * P2M itself.
 */
export class PhysToMachine {
  readonly p2m: Int32Array;
  private readonly m2pBlock: Int32Array;
  private readonly m2pFrames = new Map<number, Int32Array>();

  /**
   * @param nrPages - pages of the guest.
   * @param maxFrames - machine frames that can become its own: Xen tells its guests (XENMEM_maximum_ram_page).
   */
  constructor(nrPages: number, maxFrames: number) {
    this.p2m = new Int32Array(nrPages).fill(INVALID_P2M_ENTRY);
    this.m2pBlock = new Int32Array(Math.ceil(maxFrames / HPAGE_PAGES));
  }

  /** Machine frame of a page: `pfn_to_mfn`. INVALID_P2M_ENTRY when ballooned out. */
  pfnToMfn(page: Pfn): Mfn {
    return mfn(this.p2m[page] as number);
  }

  /** Page of a machine frame: `mfn_to_pfn`. */
  mfnToPfn(frame: Mfn): Pfn {
    const block = this.m2pBlock[frame >>> HPAGE_ORDER] as number;
    if (block !== 0) return pfn(block - 1 + (frame & OFFSET_MASK));
    const page = this.m2pFrames.get(frame >>> HPAGE_ORDER)?.[frame & OFFSET_MASK] ?? 0;
    assert(page !== 0, "a page-table entry of this guest names a frame of this guest");
    return pfn(page - 1);
  }

  /** Sets both directions for one page: `set_phys_to_machine`. */
  setPhysToMachine(page: Pfn, frame: number): void {
    const old = this.p2m[page] as number;
    if (old !== INVALID_P2M_ENTRY) this.framesOf(old)[old & OFFSET_MASK] = 0;
    this.p2m[page] = frame;
    if (frame !== INVALID_P2M_ENTRY) this.framesOf(frame)[frame & OFFSET_MASK] = page + 1;
  }

  /** Sets both directions for a 2 MiB block of pages, behind which there is nothing yet, and a machine superpage. */
  setExtent(page: Pfn, frame: Mfn): void {
    assert((page & OFFSET_MASK) === 0 && (frame & OFFSET_MASK) === 0, "an extent is aligned on both sides");
    const { p2m } = this;
    this.m2pFrames.delete(frame >>> HPAGE_ORDER);
    this.m2pBlock[frame >>> HPAGE_ORDER] = page + 1;
    for (let offset = 0; offset < HPAGE_PAGES; offset++) {
      assert(p2m[page + offset] === INVALID_P2M_ENTRY, "an extent comes where no frames are");
      p2m[page + offset] = frame + offset;
    }
  }

  /** Sets both directions for neighbouring pages, behind which there is nothing yet. */
  setFrames(page: Pfn, frames: Int32Array): void {
    const first = frames[0] as number;
    const consecutive = frames.every((frame, offset) => frame === first + offset);
    if (frames.length === HPAGE_PAGES && (first & OFFSET_MASK) === 0 && consecutive) this.setExtent(page, mfn(first));
    else for (const [offset, frame] of frames.entries()) this.setPhysToMachine(pfn(page + offset), frame);
  }

  /** Whether a hugepage's pages are one aligned machine superpage: what MARK_SUPER needs. [linux-facts §4.2] */
  isMachineContiguous(page: Pfn): boolean {
    const { p2m } = this;
    const first = p2m[page] as number;
    if (first === INVALID_P2M_ENTRY || (first & OFFSET_MASK) !== 0) return false;
    for (let offset = 1; offset < HPAGE_PAGES; offset++) if (p2m[page + offset] !== first + offset) return false;
    return true;
  }

  /** M2P of a machine superpage frame by frame, made from its block where it has none yet. */
  private framesOf(frame: number): Int32Array {
    const superpage = frame >>> HPAGE_ORDER;
    const known = this.m2pFrames.get(superpage);
    if (known !== undefined) return known;
    const frames = new Int32Array(HPAGE_PAGES);
    const block = this.m2pBlock[superpage] as number;
    if (block !== 0) for (let offset = 0; offset < HPAGE_PAGES; offset++) frames[offset] = block + offset;
    this.m2pBlock[superpage] = 0;
    this.m2pFrames.set(superpage, frames);
    return frames;
  }
}
