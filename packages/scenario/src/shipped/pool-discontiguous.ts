/** The text of the shipped scenario `pool-discontiguous`. */
export const poolDiscontiguous: string = `# pool-discontiguous: a pool stops growing at the first block whose machine frames are scattered.
#
# A hugepage needs 512 frames of the machine in a row, at a multiple of 512. A guest that was built from 2 MiB extents has
# them everywhere; a balloon that gives single pages to Xen and takes others back does not leave it so. The buddy allocator
# sees pseudo-physical pages only: to it, the block is as good as any.
#
# What to look at: HugePages_Total after the second write. The hook that prepares a hugepage for PV finds that the frames do
# not follow each other and refuses; the block goes back to the buddy allocator, which hands the same one out again, so that
# the first bad block ends all growth though 16 MiB of the guest at most are scattered. The write itself has succeeded.
#
# To compare: --set guest.balloonHugepages=true, where memory goes and comes in units of 2 MiB (UEK's balloon_hugepages), misses the
# expectations below because the pool grows. --set guest.populate=pages has no contiguous block from the start.
#
# Sources: linux-facts §4.2 (xen_prepare_hugepage; growth stops there), §4.3 (how contiguity is lost).

name: pool-discontiguous
description: After 4 KiB ballooning the first scattered block stops the pool from growing, with good ones left

host:
  memory: 512MiB

guest:
  memory: 448MiB

let: { memory: 448MiB, some: 16MiB, pages: 64 }

steps:
  - echo {pages} > /proc/sys/vm/nr_hugepages
  - run: cat /proc/meminfo
    prints: "HugePages_Total: {pages}"
  - echo {(memory - some) / 1KiB} > /sys/devices/system/xen_memory/xen_memory0/target_kb
  - run: cat /sys/devices/system/xen_memory/xen_memory0/info/current_kb
    prints: "{(memory - some) / 1KiB}"
  - echo {memory / 1KiB} > /sys/devices/system/xen_memory/xen_memory0/target_kb
  - run: cat /sys/devices/system/xen_memory/xen_memory0/info/current_kb
    prints: "{memory / 1KiB}"
  - measure: echo {2 * pages} > /proc/sys/vm/nr_hugepages # succeeds
    as: grow
  - run: cat /proc/meminfo
    prints: ["HugePages_Total: {pages}", "HugePages_Free: {pages}"] # not one more
  - run: dmesg
    prints: "*Guest pages are not properly aligned to use hugepages"
  - audit

expect:
  - { what: grow.events.mmuextOps, is: 0 } # it was refused before Xen was asked for a mark
`;
