/** The text of the shipped scenario `snapshot-torn`. */
export const snapshotTorn: string = `# snapshot-torn: a process forks to save its memory, then writes, and the pool has no page left for the copy.
#
# A private hugepage mapping reserves pages for its owner only. A child starts without any reservation: what it shares with
# its parent it may read, and when the parent writes, the parent gets the copy. If the pool is empty, the owner does
# not have to fail: the kernel takes the page from the child instead, whose next access of it ends with SIGBUS.
#
# What to look at: HugePages_Free stays 0 throughout the parent's writes, which all work; then the child's read is
# refused, and the kernel's log says why. A pool with some free pages beside the mapping (redis-snapshot) has no such end.
#
# Sources: linux-facts §2.3 (reservations and fork), §2.4 (hugetlb_cow, unmap_ref_private, the line in the log).

name: snapshot-torn
description: The owner of a private hugepage mapping writes after fork with an empty pool; the child is killed

host:
  memory: 512MiB

guest:
  memory: 448MiB

let: { pages: 64, written: 8 }

steps:
  - echo {pages} > /proc/sys/vm/nr_hugepages
  - spawn server
  - mmap 1 {pages * 2MiB} private hugetlb
  - touch 1 m1
  - fork 1
  - run: cat /proc/meminfo
    prints: ["HugePages_Total: {pages}", "HugePages_Free: 0", "HugePages_Rsvd: 0"]
  - measure: touch 1 m1 {written * 2MiB} # the owner: every write works
    as: writes
  - run: cat /proc/meminfo
    prints: ["HugePages_Free: 0", "HugePages_Surp: 0"]
  - touch 2 m1+{written * 2MiB} read # what the parent did not write is still the child's
  - run: touch 2 m1 read
    refused: SIGBUS
  - run: dmesg
    prints: "*PID 2 killed due to inadequate hugepage pool*"
  - audit

expect:
  - { what: writes.events.pageFaults, is: written }
`;
