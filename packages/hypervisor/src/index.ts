// Numbers of the ABI.
export { type MemoryRange } from "./host-options.ts";
export {
  EACCES,
  EAGAIN,
  EBUSY,
  EFAULT,
  EINTR,
  EINVAL,
  ENOENT,
  ENOMEM,
  ENOSYS,
  EOPNOTSUPP,
  EPERM,
  ERESTART,
  ESRCH,
  errnoName,
} from "./errno.ts";
export { ALL_ONES_MFN, INVALID_MFN, type Mfn, PAGE_SHIFT, type Pfn, mfn, pfn } from "./frame-number.ts";
export {
  PTE_FLAGS_MASK,
  _PAGE_ACCESSED,
  _PAGE_AVAIL,
  _PAGE_AVAIL_HIGH,
  _PAGE_DIRTY,
  _PAGE_GLOBAL,
  _PAGE_GUEST_KERNEL,
  _PAGE_NX,
  _PAGE_PAT,
  _PAGE_PCD,
  _PAGE_PRESENT,
  _PAGE_PSE,
  _PAGE_PWT,
  _PAGE_RW,
  _PAGE_USER,
  formatPte,
  pteFlags,
  pteHi,
  pteLo,
  pteMfn,
} from "./page-table-entry.ts";
export {
  DOMID_COW,
  DOMID_INVALID,
  DOMID_IO,
  DOMID_SELF,
  DOMID_XEN,
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
  MMU_MACHPHYS_UPDATE,
  MMU_NORMAL_PT_UPDATE,
  MMU_PT_UPDATE_NO_TRANSLATE,
  MMU_PT_UPDATE_PRESERVE_AD,
  UVMF_ALL,
  UVMF_INVLPG,
  UVMF_LOCAL,
  UVMF_NONE,
  UVMF_TLB_FLUSH,
  XENMEM_decrease_reservation,
  XENMEM_exchange,
  XENMEM_increase_reservation,
  XENMEM_populate_physmap,
  __HYPERVISOR_memory_op,
  __HYPERVISOR_mmu_update,
  __HYPERVISOR_mmuext_op,
  __HYPERVISOR_multicall,
  __HYPERVISOR_set_gdt,
  __HYPERVISOR_update_va_mapping,
} from "./hypercalls/hypercall-numbers.ts";

// The host and its domains.
export { type Advisory, type UnfixedAdvisories, advisories, unfixedAdvisories } from "./advisory.ts";
export { type HostOptions, createHost } from "./host-builder.ts";
export { Domain, Host, Vcpu, bytesPerFrame } from "./host.ts";
export type { Refusal } from "./refusal-log.ts";
export type {
  FrameReferences,
  Scheme,
  SchemeName,
  ShippedSchemeName,
  SuperpageExpectation,
  SuperpageState,
  SuperpageUsers,
} from "./scheme.ts";
export { SchemeProblem, requireSchemeName } from "./schemes/own-scheme.ts";
export {
  addScheme,
  isShipped as isShippedScheme,
  knownSchemeNames,
  schemeByName,
  schemeHasMarks,
  schemeNames,
} from "./schemes/scheme-list.ts";
export { type SealedCheck, sealedChecks } from "./schemes/sealed-checks.ts";
export { type SlotCheck, slotChecks } from "./schemes/sealed-percpu-checks.ts";
export { sealedPercpuVariant } from "./schemes/sealed-percpu.ts";
export { sealedWithout } from "./schemes/sealed.ts";
export { type VersionSwitches, type XenVersion, versions } from "./version.ts";
export {
  type DomainOptions,
  allocateFramesAt,
  builderStore,
  createDomain,
  destroyDomain,
  openBuilderFrame,
  unpauseDomain,
} from "./hypercalls/domain-lifecycle.ts";

// Hypercalls.
export {
  doMemoryOp,
  doMmuUpdate,
  doMmuextOp,
  doMulticall,
  doSetGdt,
  doUpdateVaMapping,
} from "./hypercalls/hypercalls.ts";
export { type MemoryExchange, type MemoryReservation } from "./hypercalls/memory-op.ts";
export { MMU_UPDATE_WORDS } from "./hypercalls/mmu-update.ts";
export { MMUEXT_OP_WORDS } from "./hypercalls/mmuext-op.ts";
export { type MulticallEntry, dispatchHypercall } from "./hypercalls/multicall.ts";

// What the CPU does by itself.
export { FrameView, openFrame } from "./frame-view.ts";
export { clearBitsInPageTable, storeToPageTable } from "./writable-pt-emulation.ts";
export { cacheTranslation, loadFromFrameHigh, loadFromFrameLow, storeToFrame, touch } from "./cpu-access.ts";

// What a scheme of your own is made of: references on one frame, on the frames of a superpage, and what waits.
export type { Words } from "@xsp/words";
export { isDying } from "./domain-words.ts";
export { setOldSuperpage } from "./old-superpage.ts";
export { getPage, putPage } from "./page-references.ts";
export { getPageType, putPageType } from "./page-types.ts";
export { getSuperpageFrames, getSuperpageTypes, putSuperpageFrames, putSuperpageTypes } from "./superpage-frames.ts";

// Looking from outside.
export { type AuditDifference, audit, makeAuditor } from "./audit.ts";
export { keyHandler } from "./key-handler.ts";
export { dmesgLines } from "./xen-log.ts";
export { type CountInfo, PGC_count_mask, PGC_state_free, PGC_state_mask } from "./count-info.ts";
export { OWNER_NONE, OWNER_XEN, loadOwner } from "./owner-info.ts";
export { PGT_count_mask, PGT_writable_page, decodeTypeInfo } from "./type-info.ts";
export { type FrameType, describeFrame, ownerOf, readCount, readType, superpageState } from "./frame-description.ts";
export {
  PerfCounters,
  type PerfCounterName,
  type PerfSnapshot,
  perfDifference,
  snapshotPerf,
} from "./perf-counters.ts";
