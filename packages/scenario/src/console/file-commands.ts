import { cleanPath, errnoOf, isErrno } from "@xsp/guest";
import { type Command, type CommandResult, done, isResult, refused } from "./command.ts";
import { openFile } from "./mount-commands.ts";
import { mountedFile } from "./mount-point.ts";
import type { Session } from "./session.ts";

/** `cat`, `echo`, `ls`: files of the guest. */
export const fileCommands: readonly Command[] = [
  {
    name: "cat",
    usage: "cat PATH",
    args: [1, 1],
    help: "print a file of the guest under /proc or /sys",
    details: ["ls /proc and ls /sys show what there is."],
    run: (session, [path]) => catCommand(session, path as string),
  },
  {
    name: "echo",
    usage: "echo [TEXT …] [> PATH]",
    args: [0, Infinity],
    redirects: true,
    help: "print a text, or write it to a file of the guest",
    details: [
      "echo 64 > /proc/sys/vm/nr_hugepages sets the pool. It succeeds also where the pool gets less: read it again.",
    ],
    run: (session, words, target) => {
      const text = words.join(" ");
      return target === undefined ? done(text) : writeCommand(session, target, `${text}\n`);
    },
  },
  {
    name: "ls",
    usage: "ls PATH",
    args: [1, 1],
    help: "list a directory of the guest",
    run: (session, [path]) => {
      const names = namesIn(session, path as string);
      if (names !== undefined) return done(...names);
      // A file is listed by its name.
      const file = mountedFile(session, path as string);
      if (file?.mount.names.has(file.name) === true) return done(path as string);
      const rc = session.guest.listFiles(path as string);
      const errno = isErrno(rc) && file === undefined ? errnoOf(rc) : "ENOENT";
      return errno === "ENOTDIR" && !(path as string).endsWith("/")
        ? done(path as string)
        : refused(`ls: ${path}`, errno);
    },
  },
];

function catCommand(session: Session, path: string): CommandResult {
  const file = mountedFile(session, path);
  if (file !== undefined) {
    if (file.name === "") return refused(`cat: ${path}`, "EISDIR");
    // What hugepages hold is not simulated, and a terminal would show nothing of zeroes.
    return file.mount.names.has(file.name) ? done() : refused(`cat: ${path}`, "ENOENT");
  }
  const text = session.guest.readFile(path);
  if (typeof text === "number") return refused(`cat: ${path}`, errnoOf(text));
  return done(...text.replace(/\n$/, "").split("\n"));
}

function writeCommand(session: Session, path: string, text: string): CommandResult {
  const { guest } = session;
  const place = mountedFile(session, path);
  let rc: number;
  if (place === undefined) {
    rc = guest.writeFile(path, text);
  } else {
    const file = openFile(session, "echo", path);
    if (isResult(file)) return file;
    rc = guest.hugetlbfs.write(file, 0, text.length);
    guest.hugetlbfs.close(file);
  }
  return rc === 0 ? done() : refused(`echo: ${path}`, errnoOf(rc));
}

/** Names in a directory, of a mount or of the kernel's; undefined when it is none. */
export function namesIn(session: Session, path: string): readonly string[] | undefined {
  const { guest, mounts } = session;
  const place = mountedFile(session, path);
  if (place !== undefined) return place.name === "" ? [...place.mount.names.keys()].sort() : undefined;
  const folder = cleanPath(path) === "/" ? "/" : `${cleanPath(path)}/`;
  const names = guest.listFiles(path);
  // Directories that are on the way to a mount.
  const points = [...mounts.keys()].filter((point) => point.startsWith(folder));
  const onTheWay = points.map((point) => `${point.slice(folder.length).split("/")[0]}/`);
  if (isErrno(names)) return onTheWay.length === 0 ? undefined : [...new Set(onTheWay)];
  return [...new Set([...names, ...onTheWay])].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}
