import { GDT_MAX_FRAMES, VCPU_gdt_ents, VCPU_gdt_frames } from "../vcpu-words.ts";
import { EFAULT, EINVAL } from "../errno.ts";
import { type Vcpu } from "../host.ts";
import { putPage } from "../page-references.ts";
import { getPageType, putPageAndType } from "../page-types.ts";
import { PGT_seg_desc_page } from "../type-info.ts";
import { getPageFromGfn, guestWords } from "./hypercall-arguments.ts";

/** Descriptors a frame holds. */
const DESCRIPTORS_PER_FRAME = 512;
/** Descriptors of a GDT that are the guest's: the rest is Xen's. */
const FIRST_RESERVED_GDT_ENTRY = 7168;

/**
 * `set_gdt`: installs a descriptor table.
 *
 * @param frames - the frames of the table, in order; ⌈entries / 512⌉ are read.
 * @param entries - descriptors, at most 7168.
 * @returns 0, or −EINVAL with the old table kept: too many entries, or a frame that is not the guest's or cannot be a
 * descriptor page; −EFAULT when the list is not readable.
 *
 * Source: `public/xen.h`; Models: do_set_gdt, set_gdt @ Xen 4.9. Cost: a scan of each frame that is new as descriptor
 * page.
 */
export function setGdt(vcpu: Vcpu, frames: unknown, entries: number): number {
  const wanted = entries >>> 0;
  if (wanted > FIRST_RESERVED_GDT_ENTRY) return -EINVAL;
  const list = guestWords(frames);
  const pages = Math.ceil(wanted / DESCRIPTORS_PER_FRAME);
  if (list === undefined || list.length < pages) return -EFAULT;
  for (let i = 0; i < pages; i++) {
    const frame = list[i] as number;
    if (getPageFromGfn(vcpu.domain, frame)) {
      if (getPageType(vcpu, frame, PGT_seg_desc_page, false) === 0) continue;
      putPage(vcpu.host, frame);
    }
    for (let done = i - 1; done >= 0; done--) putPageAndType(vcpu, list[done] as number);
    return -EINVAL;
  }
  destroyGdt(vcpu);
  for (let i = 0; i < pages; i++) vcpu.store(VCPU_gdt_frames + i, list[i] as number);
  vcpu.store(VCPU_gdt_ents, wanted);
  return 0;
}

/** Gives up a vCPU's descriptor table. */
export function destroyGdt(vcpu: Vcpu): void {
  const pages = Math.min(GDT_MAX_FRAMES, Math.ceil(vcpu.load(VCPU_gdt_ents) / DESCRIPTORS_PER_FRAME));
  vcpu.store(VCPU_gdt_ents, 0);
  for (let i = 0; i < pages; i++) putPageAndType(vcpu, vcpu.load(VCPU_gdt_frames + i));
}
