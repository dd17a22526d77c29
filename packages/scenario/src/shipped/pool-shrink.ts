/** The text of the shipped scenario `pool-shrink`. */
export const poolShrink: string = `# pool-shrink: nr_hugepages is lowered while pages of the pool are reserved and in use.
#
# A write to nr_hugepages always succeeds. It frees what is free and not promised to anybody; the rest becomes surplus, even
# beyond what nr_overcommit_hugepages allows, and goes back to the buddy allocator page by page as its users leave.
#
# What to look at: HugePages_Surp after the write of 0. The promise is kept: the process touches the rest of its mapping and
# receives no signal. A second process gets ENOMEM at once and does not have to find out by a SIGBUS. Each hugepage that
# leaves the pool is unmarked, whoever's exit it is that frees it.
#
# Under rfc-busy-over-1 look at the references given back: there are none. It is the first variant of the thread's scheme that
# one would try, and it cannot unmark a single page of lowmem.
#
# Sources: linux-facts §2.1 (set_max_huge_pages, free_huge_page), §2.3 (reservations), §1.2 (counts); xen-facts §5.2.

name: pool-shrink
description: The pool is shrunk to 0 while pages are reserved; they become surplus, and the reservation is kept

host:
  memory: 512MiB

guest:
  memory: 448MiB

let: { pages: 64, reserved: 32, touched: 8 }

steps:
  - echo {pages} > /proc/sys/vm/nr_hugepages
  - spawn db
  - mmap 1 {reserved * 2MiB} shared hugetlb
  - touch 1 m1 {touched * 2MiB}
  - run: cat /proc/meminfo
    prints:
      - "HugePages_Total: {pages}"
      - "HugePages_Free: {pages - touched}"
      - "HugePages_Rsvd: {reserved - touched}"
      - "HugePages_Surp: 0"
  - measure: echo 0 > /proc/sys/vm/nr_hugepages
    as: shrink
  - run: cat /proc/meminfo
    prints:
      - "HugePages_Total: {reserved}"
      - "HugePages_Free: {reserved - touched}"
      - "HugePages_Rsvd: {reserved - touched}"
      - "HugePages_Surp: {reserved}"
  - spawn late
  - run: mmap 2 2MiB shared hugetlb
    refused: ENOMEM
  - touch 1 m1 # the reserved rest
  - run: cat /proc/meminfo
    prints: ["HugePages_Total: {reserved}", "HugePages_Free: 0", "HugePages_Rsvd: 0", "HugePages_Surp: {reserved}"]
  - measure: exit 1
    as: exit
  - run: cat /proc/meminfo
    prints: ["HugePages_Total: 0", "HugePages_Free: 0", "HugePages_Rsvd: 0", "HugePages_Surp: 0"]
  - audit

expect:
  # Unmarks: each gives back the writable references of 512 frames.
  - { what: shrink.events.framePuts, is: 512 * (pages - reserved), except: [per-frame, rfc-busy-over-1] }
  - { what: shrink.events.mmuextOps, is: pages - reserved, except: [per-frame, rfc-busy-over-1] }
  - { what: shrink.events.mmuextOps, is: 0, under: per-frame }
  - { what: exit.events.framePuts, is: 512 * reserved, except: rfc-busy-over-1 }
  # A free page of lowmem that is marked has a writable count of 2: the direct map's and the mark's. A scheme that takes more
  # than 1 for a sign of life refuses every unmark, the kernel ignores that, and the marks stay until the domain ends.
  - { what: shrink.events.framePuts + exit.events.framePuts, is: 0, under: rfc-busy-over-1 }
`;
