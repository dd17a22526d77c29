import { errnoOf } from "@xsp/guest";
import { type Command, done, refused } from "./command.ts";

/** `cat`, `echo`, `ls`: files of the guest. */
export const fileCommands: readonly Command[] = [
  {
    name: "cat",
    usage: "cat PATH",
    args: [1, 1],
    help: "print a file of the guest under /proc or /sys",
    details: ["ls /proc and ls /sys show what there is."],
    run: ({ guest }, [path]) => {
      const text = guest.readFile(path as string);
      if (typeof text === "number") return refused(`cat: ${path}`, errnoOf(text));
      return done(...text.replace(/\n$/, "").split("\n"));
    },
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
    run: ({ guest }, words, target) => {
      const text = words.join(" ");
      if (target === undefined) return done(text);
      const rc = guest.writeFile(target, `${text}\n`);
      return rc === 0 ? done() : refused(`echo: ${target}`, errnoOf(rc));
    },
  },
  {
    name: "ls",
    usage: "ls PATH",
    args: [1, 1],
    help: "list a directory of the guest",
    run: ({ guest }, [path]) => {
      const names = guest.listFiles(path as string);
      if (typeof names !== "number") return done(...names);
      if (errnoOf(names) === "ENOTDIR") return done(path as string);
      return refused(`ls: ${path}`, errnoOf(names));
    },
  },
];
