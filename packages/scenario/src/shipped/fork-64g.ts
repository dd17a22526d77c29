/** The text of the shipped scenario `fork-64g`. It is a module, so that a web page has it without reading a file. */
export const fork64g: string = `# fork-64g: an instance whose 64 GiB region of hugepages is attached to its spawner serves a login storm.
#
# Forking copies 32,768 page-directory entries. Pinning the child's page tables makes Xen count what they map:
# frame by frame (16,777,216 general and as many type references), or once per superpage where the scheme allows it.
# The exec that follows gives all of it back. 100 clients wait for 60 seconds at most.

name: fork-64g
description: A 64 GiB shared hugepage region, its process forked and execed for each of 100 logins

host:
  memory: 68GiB # the guest, and what Xen keeps
  version: xen-4.9 # the last release with superpage marks
  superpageOrder: 9 # 512 frames of 4 KiB: 2 MiB

# Run one after another, each on a freshly built host.
schemes:
  - per-frame # Xen 4.0: every frame of every mapping
  - rfc # the thread of April 2010: marks, head frame only
  - rfc-busy-over-1 # the same, unmark refused while the head's writable count exceeds 1
  - rfc-busy-over-2 # the same, while it exceeds 2
  - xen-4.1 # as shipped in Xen 4.1 to 4.9: a word per superpage
  - sealed # this project's own
  - sealed-deferred
  - sealed-percpu # the same as sealed, counted in a slot for each vCPU

guest:
  style: 64-bit # the kernel maps all memory, so a free page has writable count 1
  memory: 66GiB # the region, the direct map (1/512 of all memory) and the kernel

pool:
  hugepages: 32768 # nr_hugepages; leave it out to have as many as the region needs
  mark: true # where the scheme has marks

process:
  region: 64GiB # every hugepage of it is touched before the first fork
  shared: true # MAP_SHARED: the child maps the same hugepages

workload:
  kind: login-storm # all logins arrive at time 0
  logins: 100
  spawner: serial # one after another; the spawner is attached to the region
  answer: fork+exec

deadline: 60s # the default of SQLNET.INBOUND_CONNECT_TIMEOUT

profile: xeon-x5570-2009

# Counts of the first fork and of the exec after it, and who was in time [linux-facts §3.2, §3.4, §5.4].
expect:
  - { what: fork.events.frameGets, is: 512 * pool.hugepages, under: per-frame }
  - { what: fork.events.typeGets, is: 512 * pool.hugepages, under: per-frame }
  - { what: fork.events.superpageGets, is: pool.hugepages, except: per-frame }
  - { what: fork.events.frameGets + fork.events.typeGets, is: 0, except: per-frame }
  - { what: exec.events.superpagePuts, is: pool.hugepages, except: per-frame }
  - { what: fork.events.guestStores, is: fork.events.guestStores@per-frame } # the guest's work does not differ
  - { what: fork.events.hypercalls, is: fork.events.hypercalls@per-frame }
  - { what: logins.inTime, is: 18, under: per-frame }
  - { what: logins.inTime, is: logins.offered, except: per-frame }
`;
