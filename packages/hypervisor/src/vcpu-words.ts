// Words of the vCPU region, one row for each vCPU.
/** Frame of the kernel root, or −1. */
export const VCPU_guest_table = 0;
/** Frame of the user root, or −1. */
export const VCPU_guest_table_user = 1;
/** Frame of a table that is to be put before the hypercall returns, or −1. */
export const VCPU_old_guest_table = 2;
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
/** Words in a row. */
export const VCPU_words = 24;
