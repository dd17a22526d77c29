import { errnoOf, isErrno } from "@xsp/guest";
import { bytesOf } from "./argument.ts";
import { type Command, done, isResult, refused, wrong } from "./command.ts";
import { unknownSegment } from "./mmap-options.ts";

/** Shared segments: memory that has a name before anybody maps it. */
export const segmentCommands: readonly Command[] = [
  {
    name: "shmget",
    usage: "shmget BYTES [hugetlb]",
    args: [1, 2],
    help: "make a shared segment; prints its name, for mmap … file=NAME",
    details: ["hugetlb: SHM_HUGETLB. The whole segment is reserved at once."],
    run: (session, [size, kind]) => {
      const bytes = bytesOf("shmget", "BYTES", size as string);
      if (isResult(bytes)) return bytes;
      if (kind !== undefined && kind !== "hugetlb") {
        return wrong(`shmget: ${kind} is no option`, "hugetlb, or nothing", "help shmget");
      }
      const { guest } = session;
      const segment = kind === "hugetlb" ? guest.hugetlbFile(bytes) : guest.shmemFile(bytes);
      return isErrno(segment) ? refused("shmget", errnoOf(segment)) : done(session.nameSegment(segment));
    },
  },
  {
    name: "rm",
    usage: "rm NAME",
    args: [1, 1],
    help: "drop the name of a segment; its pages go when nobody maps it",
    run: (session, [name]) => {
      const segment = session.segments.get(name as string);
      if (segment === undefined) return unknownSegment(session, "rm", name as string);
      if (!segment.linked) return refused(`rm: ${name}`, "ENOENT");
      session.guest.unlink(segment);
      return done();
    },
  },
];
