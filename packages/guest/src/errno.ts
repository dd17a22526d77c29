/**
 * What user space sees when a system call or an access fails.
 *
 * A call that fails returns a negated errno ([L39 include/asm-generic/errno-base.h]); an access that fails raises a
 * signal.
 */
export const EPERM = 1;
export const ENOENT = 2;
export const EIO = 5;
export const EBADF = 9;
export const ENOMEM = 12;
export const EACCES = 13;
export const EFAULT = 14;
export const EBUSY = 16;
export const EEXIST = 17;
export const ENODEV = 19;
export const ENOTDIR = 20;
export const EISDIR = 21;
export const EINVAL = 22;
export const ENOSPC = 28;
export const ERANGE = 34;
export const ENAMETOOLONG = 36;
export const EOPNOTSUPP = 95;

/** What an access raises that cannot be served: SIGKILL stands for the out-of-memory killer. */
export type Signal = "SIGSEGV" | "SIGBUS" | "SIGKILL";

/**
 * Whether a call's result is a negated errno and not what was asked for.
 *
 * @param result - what {@link Guest} methods return: an object, an address, a count, or a negated errno.
 */
export function isErrno(result: unknown): result is number {
  return typeof result === "number" && result < 0;
}
