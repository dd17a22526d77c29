/** Protection that a mapping is made with. [L39 include/asm-generic/mman-common.h] */
export const PROT_NONE = 0x0;
export const PROT_READ = 0x1;
export const PROT_WRITE = 0x2;
export const PROT_EXEC = 0x4;

/** How a mapping is made. [L39 include/asm-generic/mman-common.h, mman.h] */
export const MAP_SHARED = 0x01;
export const MAP_PRIVATE = 0x02;
export const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = 0x20;
export const MAP_NORESERVE = 0x4000;
export const MAP_HUGETLB = 0x40000;

/** Advice about a mapping that the model knows. [L39 include/asm-generic/mman-common.h] */
export const MADV_DONTFORK = 10;
export const MADV_DOFORK = 11;
