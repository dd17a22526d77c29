/** The text of the shipped scenario `highmem-pool`. */
export const highmemPool: string = `# highmem-pool: a 32-bit guest takes its hugepages from high memory.
#
# Hugepages are allocated with GFP_HIGHUSER: from HighMem first, then from Normal, then from DMA. A page of HighMem has no
# permanent mapping in the kernel, so its writable count is 0 while it is free, where one of lowmem has 1; a mark adds 1 to
# either. That is why a scheme cannot read off the head frame's count whether hugepage entries are left (docs/findings.md).
#
# What to look at: LowFree and HighFree after each write. The pool grows by what HighMem has in whole blocks, and only then
# takes lowmem, which the kernel itself lives in.
#
# Sources: linux-facts §1.1 (zones, 727 MiB of lowmem under Xen's hole, fallback order), §1.2 (counts).

name: highmem-pool
description: The pool of a 32-bit guest grows in HighMem first, whose free pages have a writable count of 0

host:
  memory: 2GiB

guest:
  style: 32-bit
  memory: 1536MiB

let: { first: 100, blocks: 404, all: 450 } # blocks: the whole blocks of 2 MiB in HighMem

steps:
  - run: cat /proc/meminfo
    prints: ["HighTotal: 828416 kB", "LowTotal: 742964 kB"]
  - measure: echo {first} > /proc/sys/vm/nr_hugepages
    as: high
  - run: cat /proc/meminfo
    prints: ["HugePages_Total: {first}", "HighFree: {828416 - 2048 * first} kB", "LowFree: 742964 kB"]
  - measure: echo {all} > /proc/sys/vm/nr_hugepages
    as: low
  - run: cat /proc/meminfo
    prints: ["HugePages_Total: {all}", "HighFree: {828416 - 2048 * blocks} kB", "LowFree: {742964 - 2048 * (all - blocks)} kB"]
  - spawn db
  - mmap 1 {all * 2MiB} shared hugetlb
  - touch 1 m1
  - measure: fork 1
    as: fork
  - audit

expect:
  - { what: high.events.frameGets, is: 512 * first, except: per-frame } # marks
  - { what: fork.events.superpageGets, is: all, except: per-frame }
  - { what: fork.events.frameGets, is: 512 * all, under: per-frame }
`;
