/** The text of the shipped scenario `host-1t`. */
export const host1t: string = `# host-1t: a 1 TiB host, one guest on nearly all of it, and a 960 GiB region that forks.
#
# What to look at: the first fork. Counted frame by frame it takes 251,658,240 general and as many type references, 24 seconds
# by the profile of 2009; counted whole it takes 491,520 operations. "peak resident memory" is this program's own: the
# hypervisor's words are ten bytes for each of the host's 268,435,456 frames (docs/decisions/0001-ten-bytes-a-frame.md), the
# guest's page tables, its P2M and its page structures come on top.
#
# Allow eight gibibytes of memory, and four to ten minutes for each scheme. Two logins are enough to see what each costs: the
# first is measured alone, and the second costs the same and the switch back to the spawner.
#
# Sources: linux-facts §3.2 and §5.4, scaled by fifteen.

name: host-1t
description: A 1 TiB host with one guest of 1000 GiB, which forks with 960 GiB of shared hugepages

host:
  memory: 1TiB

schemes: [per-frame, xen-4.1, sealed]

guest:
  memory: 1000GiB

pool:
  hugepages: 491520 # 960 GiB

process:
  region: 960GiB

workload:
  logins: 2

deadline: 60s

expect:
  - { what: fork.events.frameGets, is: 512 * pool.hugepages, under: per-frame }
  - { what: fork.events.typeGets, is: 512 * pool.hugepages, under: per-frame }
  - { what: fork.events.superpageGets, is: pool.hugepages, except: per-frame }
  - { what: logins.inTime, is: 1, under: per-frame } # the fork of 24 s, its exec, and there is no time for another
  - { what: logins.inTime, is: 2, except: per-frame }
`;
