/** The part of the two restarts of a database that they have in common, after the line with their name. */
function restart(mark: boolean): string {
  return `
host:
  memory: 17GiB

schemes: [per-frame, rfc, xen-4.1, sealed]

guest:
  memory: 16GiB

pool:
  mark: ${mark}

let: { sga: 5GiB }

steps:
  - measure: echo {sga / 2MiB} > /proc/sys/vm/nr_hugepages
    as: fill
  - run: cat /proc/meminfo
    prints: "HugePages_Total: {sga / 2MiB}"
  - spawn instance
  - mmap 1 {sga} shared hugetlb
  - measure: touch 1 m1 # the first toucher: nobody else maps these superpages
    as: start
  - measure: fork 1 # a session: the instance maps them already
    as: session
  - measure: exit 2
    as: leave
  - measure: exit 1 # the last unmapper
    as: stop
  - run: cat /proc/meminfo
    prints: "HugePages_Free: {sga / 2MiB}" # back in the pool, and nothing but the pool's marks holds them
`;
}

/** The text of the shipped scenario `db-restart`. */
export const dbRestart: string = `# db-restart: a database instance starts, serves a session, and stops, in a pool that is marked.
#
# From Xen 4.1 on a fork is cheap without any mark, as long as somebody maps the superpage: its count is above zero, and one
# more mapping is one compare-and-swap. Marks matter at both ends: for the first toucher and for the last unmapper.
#
# What to look at: "start" and "stop" under xen-4.1, here and in db-restart-unmarked. With marks the references of 512 frames are
# taken when the pool grows ("fill"), once and for all restarts to come; start and stop then count superpages. Under per-frame
# there are no marks, and every mapping pays for frames, the session's too.
#
# Not in the model: clearing 5 GiB at the first touch, which a real start waits for longer than for anything counted here.
#
# Sources: linux-facts §0.3 (what one PSE entry costs in which release), §2.1 (marks live as long as pool membership).

name: db-restart
description: A database restart in a marked pool, where marking pays even under xen-4.1 (see db-restart-unmarked)
${restart(true)}
expect:
  # The pool pays for frames once, where the scheme has marks.
  - { what: fill.events.frameGets, is: 512 * sga / 2MiB, except: per-frame }
  - { what: fill.events.frameGets, is: 0, under: per-frame }
  # Start and stop do not, for their superpages are counted already.
  - { what: start.events.frameGets + stop.events.framePuts, is: 0, except: per-frame }
  - { what: start.events.superpageGets, is: sga / 2MiB, except: per-frame }
  - { what: stop.events.superpagePuts, is: sga / 2MiB, except: per-frame }
  # Without marks every mapping is frames.
  - { what: start.events.frameGets, is: 512 * sga / 2MiB, under: per-frame }
  - { what: session.events.frameGets, is: 512 * sga / 2MiB, under: per-frame }
  - { what: stop.events.framePuts, is: 512 * sga / 2MiB, under: per-frame }
  # One page fault and one hypercall a hugepage are common to all, so that the gain at the start is small beside a fork's.
  - { what: start.modelled@per-frame / start.modelled, atLeast: 5, except: per-frame }
  - { what: session.modelled@per-frame / session.modelled, atLeast: 50, except: per-frame }
`;

/** The text of the shipped scenario `db-restart-unmarked`. */
export const dbRestartUnmarked: string = `# db-restart-unmarked: the same restart as db-restart, in a pool that is not marked.
#
# What to look at: under xen-4.1 and sealed "start" takes the references of all frames, and "stop" gives them back, because the
# instance is the first to map each superpage and the last to unmap it. The session between them still counts superpages only.
# rfc counts an unmarked superpage frame by frame in every mapping, as per-frame does.
#
# Sources: linux-facts §0.3, §4.4.

name: db-restart-unmarked
description: The same restart without marks; first toucher and last unmapper pay for every frame, sessions do not
${restart(false)}
expect:
  - { what: fill.events.frameGets, is: 0 }
  - { what: start.events.frameGets, is: 512 * sga / 2MiB }
  - { what: stop.events.framePuts, is: 512 * sga / 2MiB }
  # In between, the superpages are counted whole where the scheme can count what is not marked.
  - { what: session.events.frameGets, is: 0, under: [xen-4.1, sealed] }
  - { what: session.events.superpageGets, is: sga / 2MiB, under: [xen-4.1, sealed] }
  - { what: session.events.frameGets, is: 512 * sga / 2MiB, under: [per-frame, rfc] }
`;
