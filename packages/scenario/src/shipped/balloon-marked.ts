/** The text of the shipped scenario `balloon-marked`. */
export const balloonMarked: string = `# balloon-marked: a guest whose memory is mostly a marked pool is asked to give most of it back.
#
# The balloon takes pages from the buddy allocator, and hugepages of the pool are not there: marked or not, they stay. The
# balloon ends where the free pages end, short of its target, and says nothing about it.
#
# What to look at: current_kb after each target. Only when nr_hugepages is lowered are the pages unmarked and free, and the
# balloon can have them. A frame goes back to Xen when its last reference goes: under rfc-busy-over-1, which refuses to unmark
# lowmem (see pool-shrink), the guest reaches its target by its own count, and Xen gets nothing until the domain ends.
#
# Sources: linux-facts §1.2 (counts of a marked page), §2.1 (UNMARK when a page leaves the pool), §4.2 (balloon).

name: balloon-marked
description: A balloon that cannot reach its target, because the memory is in the marked hugepage pool

host:
  memory: 512MiB

guest:
  memory: 448MiB

let: { memory: 448MiB, pages: 192, target: 64MiB }

steps:
  - echo {pages} > /proc/sys/vm/nr_hugepages
  - run: cat /proc/meminfo
    prints: "HugePages_Total: {pages}"
  - measure: echo {target / 1KiB} > /sys/devices/system/xen_memory/xen_memory0/target_kb
    as: squeeze
  - run: cat /proc/meminfo
    prints: ["HugePages_Total: {pages}", "HugePages_Free: {pages}", "MemFree: 0 kB"] # the pool is untouched
  - measure: echo 0 > /proc/sys/vm/nr_hugepages
    as: shrink
  - measure: echo {target / 1KiB} > /sys/devices/system/xen_memory/xen_memory0/target_kb
    as: deflate
  - run: cat /sys/devices/system/xen_memory/xen_memory0/info/current_kb
    prints: "{target / 1KiB}"
  - audit

expect:
  - { what: shrink.events.framePuts, is: 512 * pages, except: [per-frame, rfc-busy-over-1] }
  - { what: shrink.events.framePuts, is: 0, under: [per-frame, rfc-busy-over-1] } # no mark, or none that is let go
  - { what: destroy.framesLost, is: 0 }
`;
