import { type HugetlbFile, O_CREAT, cleanPath, errnoOf, isErrno } from "@xsp/guest";
import { alignColumns } from "../report/text.ts";
import { bytesOf } from "./argument.ts";
import { type Command, type CommandResult, done, isResult, refused, wrong } from "./command.ts";
import { hugetlbPath, mountedFile } from "./mount-point.ts";
import type { Session } from "./session.ts";

/** hugetlbfs: mounts, and files on them. */
export const mountCommands: readonly Command[] = [
  {
    name: "mount",
    usage: "mount [[-t hugetlbfs] [-o OPTIONS] [none] PATH]",
    args: [0, 6],
    help: "mount a hugetlbfs; alone: list the mounts",
    details: ["OPTIONS: uid=, gid=, mode=, size=, min_size=, nr_inodes=, pagesize=, such as size=64M,nr_inodes=4."],
    run: mountCommand,
  },
  {
    name: "umount",
    usage: "umount PATH",
    args: [1, 1],
    help: "take a mount away with all its files",
    run: (session, [path]) => {
      const point = cleanPath(path as string);
      const mount = session.mounts.get(point);
      if (mount === undefined) return refused(`umount: ${path}`, "EINVAL");
      const rc = session.guest.hugetlbfs.umount(mount);
      if (rc !== 0) return refused(`umount: ${path}`, errnoOf(rc));
      session.mounts.delete(point);
      return done();
    },
  },
  {
    name: "df",
    usage: "df",
    args: [0, 0],
    help: "show the room on the mounts, in hugepages",
    run: ({ guest, mounts }) => {
      const rows = [...mounts].map(([point, mount]) => {
        const { blocks, bfree } = guest.hugetlbfs.statfs(mount);
        return [point, String(blocks), String(blocks - bfree), String(bfree)];
      });
      return done(...alignColumns([["Mounted on", "2M-blocks", "Used", "Available"], ...rows]));
    },
  },
  {
    name: "truncate",
    usage: "truncate FILE BYTES",
    args: [2, 2],
    help: "set the size of a file on a hugetlbfs, which is made if there is none",
    run: (session, [path, size]) => {
      const file = openFile(session, "truncate", path as string);
      if (isResult(file)) return file;
      const bytes = bytesOf("truncate", "BYTES", size as string);
      const rc = isResult(bytes) ? 0 : session.guest.hugetlbfs.ftruncate(file, bytes);
      session.guest.hugetlbfs.close(file);
      if (isResult(bytes)) return bytes;
      return rc === 0 ? done() : refused(`truncate: ${path}`, errnoOf(rc));
    },
  },
  {
    name: "rm",
    usage: "rm FILE",
    args: [1, 1],
    help: "drop the name of a file on a hugetlbfs; its pages go when nobody maps it",
    run: (session, [path]) => {
      const place = hugetlbPath(session, "rm", path as string);
      if (isResult(place)) return place;
      const rc = session.guest.hugetlbfs.unlink(place.mount, place.name);
      return rc === 0 ? done() : refused(`rm: ${path}`, errnoOf(rc));
    },
  },
];

function mountCommand(session: Session, words: readonly string[]): CommandResult {
  const { guest, mounts } = session;
  if (words.length === 0) return done(...[...mounts.keys()].map((point) => `none on ${point} type hugetlbfs`));
  let options = "";
  const rest = [...words];
  while (rest[0]?.startsWith("-") === true) {
    const [flag, value] = rest.splice(0, 2);
    if (flag === "-o" && value !== undefined) options = value;
    else if (flag !== "-t" || value !== "hugetlbfs") {
      return wrong(`mount: ${flag} ${value ?? ""}: not understood`, "-t hugetlbfs, -o OPTIONS", "help mount");
    }
  }
  const point = cleanPath(rest.at(-1) ?? "");
  if (rest.length < 1 || rest.length > 2 || !/^\/.+/.test(point)) {
    return wrong("mount: no place to mount it at", "a path that begins with /", "mount /mnt/huge");
  }
  // Something could be mounted over it, but nothing would be gained.
  if (/^\/(proc|sys)(\/|$)/.test(point) || mountedFile(session, point) !== undefined) {
    return refused(`mount: ${point}`, "EBUSY");
  }
  const mount = guest.hugetlbfs.mount(options);
  if (isErrno(mount)) return refused(`mount: ${point}`, errnoOf(mount));
  mounts.set(point, mount);
  return done();
}

/** Opens a file on a mount, or makes it. Who calls closes it. */
export function openFile(session: Session, command: string, path: string): HugetlbFile | CommandResult {
  const place = hugetlbPath(session, command, path);
  if (isResult(place)) return place;
  const file = session.guest.hugetlbfs.open(place.mount, place.name, O_CREAT);
  return isErrno(file) ? refused(`${command}: ${path}`, errnoOf(file)) : file;
}
