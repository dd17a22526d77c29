import { ENOSYS, EOPNOTSUPP } from "./errno.ts";

/** Versions of Xen whose answers the model gives. */
export type XenVersion = "xen-4.0" | "xen-4.6" | "xen-4.9" | "xen-4.17";

/** What differs between the versions. Everything else is the same code; published holes are switches (`advisory.ts`). */
export interface VersionSwitches {
  /** Whether the version knows superpage entries of PV guests at all. */
  readonly superpages: boolean;
  /** Mark and unmark where superpages are not allowed. */
  readonly marksNotAllowedErrno: number;
  /** Whether `mmu_update` command 3 (`MMU_PT_UPDATE_NO_TRANSLATE`) exists. */
  readonly noTranslateCommand: boolean;
  /** Whether an L2 entry whose L1 table cannot be validated answers the L1's own error, or EINVAL whatever it was. */
  readonly l1FailureShowsThrough: boolean;
  /** Whether an L4 entry is stored with `accessed` set. */
  readonly l4EntriesAccessed: boolean;
  /**
   * Whether an L2 table that fails after its first slot is left partial and put later, as L3 and L4 tables are,
   * instead of being undone on the spot.
   */
  readonly l2FailureDeferred: boolean;
}

/** The table of versions. Sources: recorded traces, and `xen-facts.md` sections 4 to 6. */
export const versions: Readonly<Record<XenVersion, VersionSwitches>> = {
  "xen-4.0": {
    superpages: true,
    marksNotAllowedErrno: ENOSYS,
    noTranslateCommand: false,
    l1FailureShowsThrough: false,
    l4EntriesAccessed: false,
    l2FailureDeferred: false,
  },
  "xen-4.6": {
    superpages: true,
    marksNotAllowedErrno: ENOSYS,
    noTranslateCommand: false,
    l1FailureShowsThrough: false,
    l4EntriesAccessed: false,
    l2FailureDeferred: false,
  },
  "xen-4.9": {
    superpages: true,
    marksNotAllowedErrno: EOPNOTSUPP,
    noTranslateCommand: false,
    l1FailureShowsThrough: true,
    l4EntriesAccessed: true,
    l2FailureDeferred: false,
  },
  "xen-4.17": {
    superpages: false,
    marksNotAllowedErrno: EOPNOTSUPP,
    noTranslateCommand: true,
    l1FailureShowsThrough: true,
    l4EntriesAccessed: true,
    l2FailureDeferred: true,
  },
};
