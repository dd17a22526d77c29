import { type HugetlbfsMount, cleanPath } from "@xsp/guest";
import { type CommandResult, wrong } from "./command.ts";
import type { Session } from "./session.ts";

/** A file on a mount; the name is empty for the mount itself. */
export interface MountedFile {
  readonly mount: HugetlbfsMount;
  readonly name: string;
}

/** The file on a mount that a path names; undefined when it is under none. */
export function mountedFile({ mounts }: Session, path: string): MountedFile | undefined {
  const clean = cleanPath(path);
  for (const [point, mount] of mounts) {
    if (clean === point) return { mount, name: "" };
    if (clean.startsWith(`${point}/`)) return { mount, name: clean.slice(point.length + 1) };
  }
  return undefined;
}

/** Reads the path of a file that is to be on a mount. */
export function hugetlbPath(session: Session, command: string, path: string): MountedFile | CommandResult {
  const file = mountedFile(session, path);
  if (file !== undefined && file.name !== "" && !file.name.includes("/")) return file;
  const points = [...session.mounts.keys()];
  return wrong(
    `${command}: ${path} is no file on a hugetlbfs`,
    points.length === 0 ? "a file on a mount; nothing is mounted" : `a file in ${points.join(" or ")}`,
    points.length === 0 ? "mount /mnt/huge mounts a hugetlbfs" : `write ${points[0]}/NAME`,
  );
}
