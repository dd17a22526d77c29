// Words of the vCPU region, one row for each vCPU.
/** Frame of the kernel root, or −1. */
export const VCPU_guest_table = 0;
/** Frame of the user root, or −1. */
export const VCPU_guest_table_user = 1;
/** Frame of a table that is to be put before the hypercall returns; without one, one of the two values below. */
export const VCPU_old_guest_table = 2;
/** No table waits, and no superpage. */
export const NOTHING_OLD = -1;
/** No table waits, but a superpage does. So one load says whether anything waits at all. */
export const OLD_SUPERPAGE_ONLY = -2;
/** Whether that table was left partial, so that only what is still partial may be dropped. */
export const VCPU_old_guest_table_partial = 3;
/** The table whose linear entry it was, or −1. */
export const VCPU_old_guest_ptpg = 4;
export const VCPU_gdt_ents = 5;
export const VCPU_ldt_ents = 6;
export const VCPU_ldt_base_lo = 7;
export const VCPU_ldt_base_hi = 8;
export const VCPU_gdt_frames = 9;
/** Frames that a GDT can have: 8192 descriptors less those that Xen reserves. */
export const GDT_MAX_FRAMES = 14;
// The frames of the GDT end at word 22.
/** Head of a superpage that is to be trimmed to what its users need before the hypercall returns, or −1. */
export const VCPU_old_superpage = 23;
/** Its owner's slot. */
export const VCPU_old_superpage_owner = 24;
/** Words in a row. */
export const VCPU_words = 25;
