// @ts-check
import {
  EINVAL,
  ESRCH,
  getSuperpageFrames,
  getSuperpageTypes,
  isDying,
  loadOwner,
  putSuperpageFrames,
  putSuperpageTypes,
} from "@xsp/hypervisor";

/**
 * @import { Domain, Host, Scheme, Vcpu, Words } from "@xsp/hypervisor"
 */

/*
 * `per-gigabyte`: one lock for each gigabyte, and plain counts below it.
 *
 * XSP's `sealed` settles a map with one swap on the superpage's own word, and pays for it with a word in which
 * everything has to find room. Here the word of the gigabyte is a lock. Whoever holds it reads and writes the words of
 * its superpages as if nobody else were there, so that no state needs a second thought: what is held of a superpage
 * always is what its users need.
 *
 *   users of the superpage          what is held of each of its frames (its level)
 *   ------------------------------  ----------------------------------------------
 *   none                            0  nothing
 *   read-only entries only          1  a general reference
 *   a writable entry, or a mark     2  a general and a writable reference
 *
 * Two words for each superpage: its users, and, used in the first superpage of each gigabyte only, the gigabyte's.
 *
 *        29    28 27         14 13          0             30   29                                  0
 *   +---+------+-------------+-------------+        +---+----+------------------------------------+
 *   | 0 | mark | readers     | writers     |        | 0 |lock| superpage entries in the gigabyte  |
 *   +---+------+-------------+-------------+        +---+----+------------------------------------+
 *
 * The gigabyte's word counts entries as well, which costs nothing under the lock: whether anything in a gigabyte is
 * mapped by superpages is one load.
 *
 * The price: two CPUs that map different superpages of a gigabyte wait for each other, for as long as it takes to get
 * the references of one superpage. A map or unmap is one swap (the lock) and three plain accesses.
 *
 * A gigabyte is as many superpages as a superpage has frames: 512 of 2 MiB. Small superpages have small gigabytes.
 */

const WORDS = 2;
const LOCK = 1 << 30;
const MARK = 1 << 28;
const READER = 1 << 14;
const WRITERS = READER - 1;
const READERS = WRITERS << 14;

/**
 * Where the word of the superpage's users stands.
 *
 * @param {Host} host
 * @param {number} head
 */
function usersAt(host, head) {
  return (head >> host.superpageOrder) * WORDS;
}

/**
 * Head of the first superpage of a gigabyte.
 *
 * @param {Host} host
 * @param {number} head
 */
function gigabyteOf(host, head) {
  const order = 2 * host.superpageOrder;
  return (head >> order) << order;
}

/**
 * Where the word of the superpage's gigabyte stands.
 *
 * @param {Host} host
 * @param {number} head
 */
function lockAt(host, head) {
  return usersAt(host, gigabyteOf(host, head)) + 1;
}

/**
 * Takes the lock.
 *
 * @param {Words} words
 * @param {number} at
 * @returns how many entries there are in the gigabyte.
 */
function lock(words, at) {
  let x = words.load(at);
  for (;;) {
    if ((x & LOCK) !== 0) {
      x = words.waitWhile(at, x);
      continue;
    }
    const seen = words.compareAndSwap(at, x, x | LOCK);
    if (seen === x) return x;
    x = seen;
  }
}

/**
 * What is held of each frame for these users: see the table above.
 *
 * @param {number} users
 */
function levelOf(users) {
  if ((users & (WRITERS | MARK)) !== 0) return 2;
  return users === 0 ? 0 : 1;
}

/**
 * Under the lock: takes what is held up to a level.
 *
 * @param {Vcpu} vcpu
 * @param {Domain} domain
 * @param {number} head
 * @param {number} from
 * @param {number} to
 */
function raise(vcpu, domain, head, from, to) {
  const end = head + (1 << vcpu.host.superpageOrder);
  // Nothing held says nothing about the owner: getting each reference in the domain's name does.
  if (from === 0) return getSuperpageFrames(vcpu, domain, head, end, to === 2);
  return to > from ? getSuperpageTypes(vcpu, head, end) : 0;
}

/**
 * Under the lock: gives back what is held above a level.
 *
 * @param {Vcpu} vcpu
 * @param {number} head
 * @param {number} from
 * @param {number} to
 */
function lower(vcpu, head, from, to) {
  const end = head + (1 << vcpu.host.superpageOrder);
  if (to === from) return;
  if (to === 0) putSuperpageFrames(vcpu, head, end, from === 2);
  else putSuperpageTypes(vcpu, head, end);
}

/**
 * Whether a superpage of which something is held is the domain's. Nobody else can get a frame that is held.
 *
 * @param {Host} host
 * @param {Domain} domain
 * @param {number} head
 */
function isOwner(host, domain, head) {
  return loadOwner(host.owner, head) === domain.slot;
}

/**
 * Adds a user.
 *
 * @param {Vcpu} vcpu
 * @param {Domain} domain
 * @param {number} head
 * @param {number} user - 1, READER or MARK.
 * @param {number} full - the field that must have room for it.
 */
function addUser(vcpu, domain, head, user, full) {
  const { host } = vcpu;
  const words = host.superpage;
  const at = lockAt(host, head);
  const entries = lock(words, at);
  const users = words.load(usersAt(host, head));
  let rc = 0;
  if (isDying(domain)) {
    // Destruction may have passed this superpage already: nobody would come back for what is taken now.
    rc = host.refuse("per-gigabyte: a dying domain", head, -ESRCH);
  } else if (users !== 0 && !isOwner(host, domain, head)) {
    rc = host.refuse("per-gigabyte: another's superpage", head, -EINVAL);
  } else if ((users & full) === full) {
    rc = host.refuse(`per-gigabyte: ${user === MARK ? "marked already" : "the count is at its limit"}`, head, -EINVAL);
  } else {
    rc = raise(vcpu, domain, head, levelOf(users), Math.max(levelOf(users), levelOf(user)));
  }
  if (rc === 0) {
    words.store(usersAt(host, head), users + user);
    host.perf.superpageGets++;
  }
  words.store(at, rc === 0 && user !== MARK ? entries + 1 : entries);
  return rc;
}

/**
 * Takes a user away.
 *
 * @param {Vcpu} vcpu
 * @param {number} head
 * @param {number} user - 1, READER or MARK.
 * @param {Domain | undefined} domain - whose the superpage must be; of an entry that was counted it is known.
 */
function removeUser(vcpu, head, user, domain) {
  const { host } = vcpu;
  const words = host.superpage;
  const at = lockAt(host, head);
  const entries = lock(words, at);
  const users = words.load(usersAt(host, head));
  const counted = user === MARK ? (users & MARK) !== 0 : true;
  if (!counted || (domain !== undefined && !isOwner(host, domain, head))) {
    words.store(at, entries);
    return -EINVAL;
  }
  words.store(usersAt(host, head), users - user);
  lower(vcpu, head, levelOf(users), levelOf(users - user));
  host.perf.superpagePuts++;
  words.store(at, user === MARK ? entries : entries - 1);
  return 0;
}

/** @type {Scheme} */
const perGigabyte = {
  name: "per-gigabyte",
  marks: true,
  wordsPerSuperpage: WORDS,

  map(vcpu, domain, head, writable) {
    return writable ? addUser(vcpu, domain, head, 1, WRITERS) : addUser(vcpu, domain, head, READER, READERS);
  },

  unmap(vcpu, head, writable) {
    return removeUser(vcpu, head, writable ? 1 : READER, undefined);
  },

  mark(vcpu, domain, head) {
    return addUser(vcpu, domain, head, MARK, MARK);
  },

  // The mark goes at once; the references stay for as long as entries need them.
  unmark(vcpu, domain, head) {
    const rc = removeUser(vcpu, head, MARK, domain);
    return rc === 0 ? 0 : vcpu.host.refuse("per-gigabyte: not marked, or another's", head, rc);
  },

  relinquish(vcpu, domain, head) {
    removeUser(vcpu, head, MARK, domain);
    return 0;
  },

  // It is never preempted inside a superpage, so nothing is ever left over.
  trim: () => 0,
  leftOver: () => false,

  state(host, head) {
    const users = host.superpage.load(usersAt(host, head));
    const count = (users & WRITERS) + ((users & READERS) >> 14);
    const marked = (users & MARK) !== 0;
    const busy = (host.superpage.load(lockAt(host, head)) & LOCK) !== 0;
    return { type: marked ? "mark" : count > 0 ? "dynamic" : "none", count, marked, busy };
  },

  expected(host, head, usersOf) {
    const { writers, readers } = usersOf(head);
    // Whether it is marked no page table tells: that is the word's to say.
    const users = (host.superpage.load(usersAt(host, head)) & MARK) | (readers * READER) | writers;
    const level = levelOf(users);
    const size = 1 << host.superpageOrder;
    const frames = { first: 0, end: size, general: Math.min(level, 1), writable: Math.max(0, level - 1) };
    let entries = 0;
    if (gigabyteOf(host, head) === head) {
      for (let superpage = 0; superpage < size; superpage++) {
        const of = usersOf(head + superpage * size);
        entries += of.writers + of.readers;
      }
    }
    return { words: [users, entries], references: [frames] };
  },

  describeWord(place, word) {
    if (place === 1) return `${(word & LOCK) === 0 ? "" : "locked "}entries ${word & (LOCK - 1)}`;
    return `${(word & MARK) === 0 ? "" : "marked "}readers ${(word & READERS) >> 14} writers ${word & WRITERS}`;
  },
};

export default perGigabyte;
