/** The text of the shipped scenario `fork-64g-private`. */
export const fork64gPrivate: string = `# fork-64g-private: the fork of fork-64g, with the 64 GiB mapped MAP_PRIVATE.
#
# A private mapping is copied on write, so fork takes the write permission out of each of the parent's entries. The parent is
# pinned: each of these 32,768 writes is an mmu_update hypercall of a single request, for nothing in hugetlb code is batched.
#
# What to look at: "hypercalls" of the fork, 32,768 more than in fork-64g; and what an entry costs that only loses RW. After
# XSA-148 (October 2015) such an update takes the new entry's references and gives the old one's back. Whole superpages: one
# operation up, one down. Frame by frame the new entry, being read-only, takes 512 general references, and the old one gives
# back 512 of both kinds. Then the pin of the child counts its own read-only entries: no type references under per-frame.
#
# Before XSA-148 Xen let such a change pass as one of soft flags, so that 3.4 and 4.0 left the type references behind
# [linux-facts §3.4]; this model has it right in every release. See xsp check for what the missing check lets a guest do.
#
# Sources: linux-facts §3.1 (write protection in fork), §3.3 (no batching), §3.4 (the counts).

name: fork-64g-private
description: A 64 GiB private hugepage mapping forks; write protection costs the parent 32,768 single hypercalls

host:
  memory: 68GiB

schemes: [per-frame, rfc, xen-4.1, sealed]

guest:
  memory: 66GiB

let: { region: 64GiB }

steps:
  - echo {region / 2MiB} > /proc/sys/vm/nr_hugepages
  - spawn server
  - mmap 1 {region} private hugetlb
  - touch 1 m1
  - run: cat /proc/meminfo
    prints: ["HugePages_Total: {region / 2MiB}", "HugePages_Free: 0", "HugePages_Rsvd: 0"]
  - measure: fork 1
    as: fork
  - measure: exit 2
    as: exit

expect:
  # 64 PMD pages and a few above them, as in fork-64g; and a hypercall for each hugepage of the parent.
  - { what: fork.events.guestStores, is: region / 2MiB + region / 1GiB + 2 }
  # The others: multicalls of 32 entries that hand the child to Xen, four at 64 GiB, and one for its second root.
  - { what: fork.events.hypercalls, atLeast: region / 2MiB + 2, atMost: region / 2MiB + 4 }
  - { what: fork.events.pageUpdates, is: region / 2MiB + region / 1GiB + 3 }
  # Entry updates and the pin of the child.
  - { what: fork.events.superpageGets, is: 2 * region / 2MiB, except: per-frame }
  - { what: fork.events.superpagePuts, is: region / 2MiB, except: per-frame }
  - { what: fork.events.frameGets, is: 2 * region / 4KiB, under: per-frame }
  - { what: fork.events.framePuts, is: region / 4KiB, under: per-frame }
  - { what: fork.events.typeGets, is: 0, under: per-frame }
  - { what: fork.events.typePuts, is: region / 4KiB, under: per-frame }
  # The child's end: one unpin, as with a shared mapping.
  - { what: exit.events.superpagePuts, is: region / 2MiB, except: per-frame }
  - { what: exit.events.framePuts, is: region / 4KiB, under: per-frame }
  # Private mappings narrow the gap: the hypercalls cost the same under every scheme.
  - { what: fork.modelled@per-frame / fork.modelled, atLeast: 20, except: per-frame }
`;
