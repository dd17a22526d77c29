/** The text of the shipped scenario `redis-snapshot`. */
export const redisSnapshot: string = `# redis-snapshot: a server forks to save its data, and goes on writing while the child saves: in hugepages and in 4 KiB pages.
#
# Process 1 holds its data in private hugepages, process 3 holds as much in 4 KiB pages. Each forks; then each writes an eighth of
# its data in one piece, and every page that it writes is copied.
#
# What to look at: "hugeFork" against "smallFork", and "hugeWrites" against "smallWrites". The fork of 4 KiB pages traps into Xen
# for each entry of the parent and is as slow under every scheme, for no superpage is in it. The fork of hugepages
# is what the schemes differ in. Writing is dearer by 4 KiB pages too, by the number of page faults.
#
# The model counts entries, faults and references. It does not price the copying itself, 128 MiB in either case: about 15 ms by
# the profile's copy bandwidth. Writes here are in one piece; scattered ones copy 2 MiB for each page touched, which is why
# hugepages have a bad name with Redis in spite of their cheap fork.
#
# Sources: linux-facts §2.4 (copy-on-write of hugepages), §3.3 (the trapped write of 4 KiB fork), §5.2 (what a fork stalls).

name: redis-snapshot
description: Fork to save a snapshot, then the parent writes an eighth, which is copied as hugepages or as 4 KiB pages

host:
  memory: 4GiB

schemes: [per-frame, rfc, xen-4.1, sealed]

guest:
  memory: 3584MiB

let: { data: 1GiB, written: 128MiB }

steps:
  - echo {(data + written) / 2MiB} > /proc/sys/vm/nr_hugepages
  - spawn huge
  - mmap 1 {data} private hugetlb
  - touch 1 m1
  - measure: fork 1
    as: hugeFork
  - measure: touch 1 m1 {written}
    as: hugeWrites
  - run: cat /proc/meminfo
    prints: "HugePages_Free: 0" # each page of the child's snapshot that was written has its copy
  - exit 2
  - spawn small
  - mmap 3 {data} private
  - touch 3 m2
  - measure: fork 3
    as: smallFork
  - measure: touch 3 m2 {written}
    as: smallWrites
  - exit 4
  - audit

expect:
  - { what: hugeWrites.events.pageFaults, is: written / 2MiB }
  - { what: smallWrites.events.pageFaults, is: written / 4KiB }
  - { what: smallFork.events.ptwrEmulations, is: data / 4KiB } # a trap for each of the parent's entries
  - { what: hugeFork.events.ptwrEmulations, is: 0 }
  - { what: smallFork.events.superpageGets + smallFork.events.frameGets, is: 0 } # no superpage in it
  - { what: smallFork.modelled / hugeFork.modelled, atLeast: 500, except: per-frame }
  - { what: smallFork.modelled / hugeFork.modelled, atLeast: 5, under: per-frame }
`;
