/** The text of the shipped scenario `highmem-pool`. */
export const highmemPool: string = `# highmem-pool: a 32-bit guest takes its hugepages from high memory.
#
# Hugepages are allocated with GFP_HIGHUSER: from HighMem first, then from Normal, then from DMA. A page of HighMem has no
# permanent mapping in the kernel, so its writable count is 0 while it is free, where one of lowmem has 1; a mark adds 1 to
# either. That is why a scheme cannot read off the head frame's count whether hugepage entries are left (docs/findings.md).
#
# What to look at: the last two columns of /proc/buddyinfo, blocks of 2 and 4 MiB. The pool takes all 404 hugepages that HighMem
# has, and only then lowmem, which the kernel itself lives in; DMA, last in the order, is not touched.
#
# Sources: linux-facts §1.1 (zones, 727 MiB of lowmem under Xen's hole, fallback order), §1.2 (counts).

name: highmem-pool
description: The pool of a 32-bit guest grows in HighMem first, whose free pages have a writable count of 0

host:
  memory: 2GiB

guest:
  style: 32-bit
  memory: 1536MiB

let: { first: 100, high: 404, all: 450 } # high: the hugepages that HighMem has

steps:
  - run: cat /proc/buddyinfo
    prints:
      - "Node 0, zone Normal 0 0 0 0 0 0 0 0 1 1 177"
      - "Node 0, zone HighMem 0 0 0 0 0 0 0 0 1 0 {high / 2}"
  - measure: echo {first} > /proc/sys/vm/nr_hugepages
    as: grow
  - run: cat /proc/buddyinfo
    prints:
      - "Node 0, zone Normal 0 0 0 0 0 0 0 0 1 1 177" # as before
      - "Node 0, zone HighMem 0 0 0 0 0 0 0 0 1 0 {(high - first) / 2}"
  - run: cat /proc/meminfo
    prints: ["HugePages_Total: {first}", "HighFree: {828416 - 2048 * first} kB"]
  - measure: echo {all} > /proc/sys/vm/nr_hugepages
    as: growOn
  - run: cat /proc/buddyinfo
    prints:
      - "Node 0, zone DMA * 3"
      - "Node 0, zone Normal 0 0 0 0 0 0 0 0 1 1 {177 - (all - high) / 2}"
      - "Node 0, zone HighMem 0 0 0 0 0 0 0 0 1 0 0"
  - spawn db
  - mmap 1 {all * 2MiB} shared hugetlb
  - touch 1 m1
  - measure: fork 1
    as: fork
  - audit

expect:
  - { what: grow.events.frameGets, is: 512 * first, except: per-frame } # marks
  - { what: fork.events.superpageGets, is: all, except: per-frame }
  - { what: fork.events.frameGets, is: 512 * all, under: per-frame }
`;
