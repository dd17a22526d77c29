import { EACCES, EINVAL, EOPNOTSUPP } from "../errno.ts";
import { setMaxHugePages } from "../hugetlb-pool.ts";
import { kstrtoul, procGetLong } from "../number-text.ts";
import { type PseudoFile, type PseudoFileEntry, type SystemState, readOnlyFile } from "./pseudo-file.ts";

/**
 * The files that show and set the pool. [S Linux 3.x mm/hugetlb.c hugetlb_sysctl_handler_common; M nr_hugepages_store_common]
 *
 * A write that gets only part of what it asked for succeeds all the same: who wrote must read again. In a guest without
 * hugepages sysfs has none of them, and those of /proc/sys answer −EOPNOTSUPP, as since the spring of 2016, when hugepages
 * were turned off in PV guests. [C "mm/hugetlb: use EOPNOTSUPP in hugetlb sysctl handlers"; linux-facts §4.1]
 */
export function hugepageFiles({ kernel }: SystemState): PseudoFileEntry[] {
  const { hstate, shm } = kernel;
  const setPool = (count: number): void => {
    setMaxHugePages(kernel, count);
  };
  const setOvercommit = (count: number): void => {
    hstate.nrOvercommitHugePages = count;
  };
  // A gid is unsigned, and the file shows it as an int.
  const shmGroup = (): number => shm.hugetlbShmGroup | 0;
  const setShmGroup = (gid: number): void => {
    shm.hugetlbShmGroup = gid >>> 0;
  };
  const sysctls: PseudoFileEntry[] = [
    // The persistent pages after the last write. In sysfs: all that there are now.
    ["/proc/sys/vm/nr_hugepages", sysctlFile(() => hstate.maxHugePages, setPool)],
    ["/proc/sys/vm/nr_overcommit_hugepages", sysctlFile(() => hstate.nrOvercommitHugePages, setOvercommit)],
  ];
  const group: PseudoFileEntry = ["/proc/sys/vm/hugetlb_shm_group", intSysctlFile(shmGroup, setShmGroup)];
  if (kernel.hugetlbfs.internalMount === undefined) {
    return [...sysctls.map(([path]) => [path, unsupportedFile] as const), group];
  }
  const folder = "/sys/kernel/mm/hugepages/hugepages-2048kB";
  return [
    ...sysctls,
    group,
    [`${folder}/nr_hugepages`, attributeFile(() => hstate.nrHugePages, setPool)],
    [`${folder}/nr_overcommit_hugepages`, attributeFile(() => hstate.nrOvercommitHugePages, setOvercommit)],
    readOnlyFile(`${folder}/free_hugepages`, EACCES, () => `${hstate.freeHugePages}\n`),
    readOnlyFile(`${folder}/resv_hugepages`, EACCES, () => `${hstate.resvHugePages}\n`),
    readOnlyFile(`${folder}/surplus_hugepages`, EACCES, () => `${hstate.surplusHugePages}\n`),
  ];
}

const unsupportedFile: PseudoFile = { read: () => -EOPNOTSUPP, write: () => -EOPNOTSUPP };

/** An unsigned number under /proc/sys, `proc_doulongvec_minmax`: one with a minus is passed over. */
function sysctlFile(get: () => number, set: (value: number) => void): PseudoFile {
  return intSysctlFile(get, (value) => {
    if (value >= 0) set(value);
  });
}

/** A number under /proc/sys, `proc_dointvec`. An empty write does nothing. */
function intSysctlFile(get: () => number, set: (value: number) => void): PseudoFile {
  return {
    read: () => `${get()}\n`,
    write: (text) => {
      const value = procGetLong(text);
      if (value === undefined) return text === "" ? 0 : -EINVAL;
      set(value);
      return 0;
    },
  };
}

/** A number under /sys/kernel/mm. */
function attributeFile(get: () => number, set: (value: number) => void): PseudoFile {
  return {
    read: () => `${get()}\n`,
    write: (text) => {
      const value = kstrtoul(text);
      if (value < 0) return value;
      set(value);
      return 0;
    },
  };
}
