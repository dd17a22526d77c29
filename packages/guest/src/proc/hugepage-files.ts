import { EACCES, EINVAL } from "../errno.ts";
import { setMaxHugePages } from "../hugetlb-pool.ts";
import { procDoulongvecMinmax, strictStrtoul } from "./number-text.ts";
import { type PseudoFile, type PseudoFileEntry, type SystemState, readOnlyFile } from "./pseudo-file.ts";

/**
 * The files that show and set the pool. [L39 mm/hugetlb.c hugetlb_sysctl_handler_common, nr_hugepages_store_common]
 *
 * A write that gets only part of what it asked for succeeds all the same: who wrote must read again.
 */
export function hugepageFiles({ kernel }: SystemState): PseudoFileEntry[] {
  const { hstate } = kernel;
  const sysfs = "/sys/kernel/mm/hugepages/hugepages-2048kB";
  const setPool = (count: number): void => {
    setMaxHugePages(kernel, count);
  };
  const setOvercommit = (count: number): void => {
    hstate.nrOvercommitHugePages = count;
  };
  return [
    // Under /proc/sys the persistent pages after the last write, in sysfs all that there are now.
    ["/proc/sys/vm/nr_hugepages", sysctlFile(() => hstate.maxHugePages, setPool)],
    [`${sysfs}/nr_hugepages`, attributeFile(() => hstate.nrHugePages, setPool)],
    ["/proc/sys/vm/nr_overcommit_hugepages", sysctlFile(() => hstate.nrOvercommitHugePages, setOvercommit)],
    [`${sysfs}/nr_overcommit_hugepages`, attributeFile(() => hstate.nrOvercommitHugePages, setOvercommit)],
    readOnlyFile(`${sysfs}/free_hugepages`, EACCES, () => `${hstate.freeHugePages}\n`),
    readOnlyFile(`${sysfs}/resv_hugepages`, EACCES, () => `${hstate.resvHugePages}\n`),
    readOnlyFile(`${sysfs}/surplus_hugepages`, EACCES, () => `${hstate.surplusHugePages}\n`),
  ];
}

/** A number under /proc/sys. */
function sysctlFile(get: () => number, set: (value: number) => void): PseudoFile {
  return {
    read: () => `${get()}\n`,
    write: (text) => {
      const value = procDoulongvecMinmax(text);
      if (value === undefined) return -EINVAL;
      if (value !== "keep") set(value);
      return 0;
    },
  };
}

/** A number under /sys/kernel/mm. */
function attributeFile(get: () => number, set: (value: number) => void): PseudoFile {
  return {
    read: () => `${get()}\n`,
    write: (text) => {
      const value = strictStrtoul(text);
      if (value === undefined) return -EINVAL;
      set(value);
      return 0;
    },
  };
}
