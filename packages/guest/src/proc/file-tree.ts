import { EIO, EISDIR, ENOENT, ENOTDIR } from "../errno.ts";
import { cleanPath } from "../path.ts";
import { hugepageFiles } from "./hugepage-files.ts";
import { meminfo } from "./meminfo.ts";
import { type PseudoFile, type PseudoFileEntry, type SystemState, readOnlyFile } from "./pseudo-file.ts";
import { taskFiles } from "./task-files.ts";
import { xenDebugfs } from "./xen-debugfs.ts";
import { xenMemoryFiles } from "./xen-memory-files.ts";
import { buddyinfo, vmstat } from "./zone-files.ts";

/**
 * The files under /proc and /sys, for root.
 *
 * ```text
 *                  /proc/meminfo        /proc/PID/maps       /proc/sys/vm/nr_hugepages
 *   read           made up now          made up now          made up now
 *   write          −EIO: no such        −EINVAL: no such     a number, or −EINVAL
 *                  operation            operation
 *   no such name   −ENOENT, for a write too: nobody can make files here
 *
 *                  /sys/…/nr_hugepages  /sys/…/free_hugepages       debugfs
 *   write          a number, −EINVAL    −EACCES: the mode counts   −EACCES; for an array −EINVAL,
 *                  or −ERANGE           for root, too               it has no such operation
 * ```
 *
 * The names of all files are there as long as it takes to find one; a directory is what is before a `/` in some name.
 * Sources: [S Linux 3.0 fs/proc/inode.c proc_reg_write, fs/sysfs/file.c sysfs_open_file; M fs/read_write.c vfs_write].
 */
function pseudoFiles(state: SystemState): PseudoFileEntry[] {
  return [
    readOnlyFile("/proc/buddyinfo", EIO, () => buddyinfo(state)),
    readOnlyFile("/proc/meminfo", EIO, () => meminfo(state)),
    readOnlyFile("/proc/vmstat", EIO, () => vmstat(state)),
    ...taskFiles(state),
    ...hugepageFiles(state),
    ...xenMemoryFiles(state),
    ...xenDebugfs(state),
  ];
}

/** Finds a file: −ENOENT when there is none, −EISDIR for a directory, −ENOTDIR for a name below a file. */
function lookup(state: SystemState, path: string): PseudoFile | number {
  const wanted = cleanPath(`/${path}`);
  for (const [name, file] of pseudoFiles(state)) {
    if (name === wanted) return path.endsWith("/") ? -ENOTDIR : file;
    if (wanted === "/" || name.startsWith(`${wanted}/`)) return -EISDIR;
    if (wanted.startsWith(`${name}/`)) return -ENOTDIR;
  }
  return -ENOENT;
}

/** Text of a file, or a negated errno: `open`, `read`. */
export function readPseudoFile(state: SystemState, path: string): string | number {
  const file = lookup(state, path);
  return typeof file === "number" ? file : file.read();
}

/** Writes to a file in one `write`. Returns 0 or a negated errno. */
export function writePseudoFile(state: SystemState, path: string, text: string): number {
  const file = lookup(state, path);
  return typeof file === "number" ? file : file.write(text);
}

/** Names in a directory, directories with a slash at their end, in order; −ENOENT or −ENOTDIR else: `getdents`. */
export function listPseudoFiles(state: SystemState, path: string): string[] | number {
  const found = lookup(state, path);
  if (typeof found !== "number") return -ENOTDIR;
  if (found !== -EISDIR) return found;
  const wanted = cleanPath(`/${path}`);
  const folder = wanted === "/" ? "/" : `${wanted}/`;
  const names = pseudoFiles(state)
    .filter(([name]) => name.startsWith(folder))
    .map(([name]) => /^[^/]+\/?/.exec(name.slice(folder.length))?.[0] ?? "");
  return [...new Set(names)].sort(byName);
}

/** Numbers by value and before names, as `ls -v` has them. */
function byName(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}
