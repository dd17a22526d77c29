/**
 * The words by which the pool and one of its threads talk while both run synchronously. The pool counts `asked` up and
 * wakes the thread; the thread sets `answered` to the same number and wakes the pool.
 */
export const Control = {
  asked: 0,
  answered: 1,
  from: 2,
  to: 3,
  position: 4,
  outLength: 5,
  transitions: 6,
  leave: 7,
  size: 8,
} as const;

/** What a thread gets when it starts. */
export interface WorkerStart {
  readonly control: Int32Array;
  readonly out: Int32Array;
}
