/** Ints of one node: half a cache line. */
export const NODE_INTS = 8;
/** {@link NODE_INTS} as a shift. */
export const NODE_SHIFT = 3;

/**
 * What each int of a node's record holds.
 *
 * ```text
 *     0      1         2         3         4          5             6       7
 *   +------+---------+---------+---------+----------+-------------+-------+------+
 *   | kind | address | operand | desired | edgeBase | edgeCapacity| flags | view |
 *   +------+---------+---------+---------+----------+-------------+-------+------+
 *   operand: store: number of the value · compareAndSwap: number of the expected value · waitWhile: number of the value
 *            to wait out · choose: how many ways. desired: number of the value to swap in.
 * ```
 */
export const NodeField = {
  kind: 0,
  address: 1,
  operand: 2,
  desired: 3,
  edgeBase: 4,
  edgeCapacity: 5,
  flags: 6,
  view: 7,
} as const;

/** What a vCPU at a node does next: one of the kinds of step, numbered as `StepKind` is, or nothing ever again. */
export const NodeKind = {
  load: 0,
  store: 1,
  compareAndSwap: 2,
  waitWhile: 3,
  choose: 4,
  done: 5,
  failed: 6,
} as const;

/**
 * - `resting`: no word was accessed since the operation began.
 * - `boundary`: first node of an operation, or done.
 * - `unready`: a choice whose edges are not known yet.
 * - `local`: a choice that no property can see and that stays inside its operation, whichever way it goes.
 * - `quiet`: no property can see the access that leads here, and it stays inside its operation. Never set on a root,
 *   which is reached from many nodes.
 * - `wrote`: the access that leads here wrote a word.
 */
export const NodeFlag = {
  resting: 1,
  done: 2,
  failed: 4,
  boundary: 8,
  quiet: 16,
  unready: 32,
  local: 64,
  wrote: 128,
} as const;
