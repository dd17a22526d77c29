/**
 * Error numbers of Xen's public ABI (`public/errno.h`). A hypercall returns them negated.
 */
export const EPERM = 1;
export const ENOENT = 2;
export const ESRCH = 3;
export const EINTR = 4;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EACCES = 13;
export const EFAULT = 14;
export const EBUSY = 16;
export const EINVAL = 22;
export const ENOSYS = 38;
/** Never seen by a guest: the hypercall is to be continued. */
export const ERESTART = 85;
export const EOPNOTSUPP = 95;

const names: Readonly<Record<number, string>> = {
  [EPERM]: "EPERM",
  [ENOENT]: "ENOENT",
  [ESRCH]: "ESRCH",
  [EINTR]: "EINTR",
  [EAGAIN]: "EAGAIN",
  [ENOMEM]: "ENOMEM",
  [EACCES]: "EACCES",
  [EFAULT]: "EFAULT",
  [EBUSY]: "EBUSY",
  [EINVAL]: "EINVAL",
  [ENOSYS]: "ENOSYS",
  [ERESTART]: "ERESTART",
  [EOPNOTSUPP]: "EOPNOTSUPP",
};

/**
 * Names a hypercall's return value.
 *
 * @param rc - what a hypercall returned.
 * @returns `"-EINVAL"` for −22; the number itself where it is no error.
 */
export function errnoName(rc: number): string {
  if (rc >= 0) return String(rc);
  const name = names[-rc];
  return name === undefined ? String(rc) : `-${name}`;
}
