import { DOMID_SELF, MMUEXT_MARK_SUPER, audit, doMmuextOp, pfn, schemeNames } from "@xsp/hypervisor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Console } from "../../src/index.ts";
import { openConsole, runAll } from "./small-console.ts";

const pool = "echo 16 > /proc/sys/vm/nr_hugepages";

describe("commands that work", () => {
  test.each([
    ["nothing at all", ["", "# a comment"], []],
    ["a text", ["echo 1  2"], ["1 2"]],
    ["a file of the guest", [pool, "cat /proc/sys/vm/nr_hugepages"], ["16"]],
    ["a directory", ["ls /proc/sys/vm"], ["hugetlb_shm_group", "nr_hugepages", "nr_overcommit_hugepages"]],
    ["a file that is listed", ["ls /proc/meminfo"], ["/proc/meminfo"]],
    ["a pid", ["spawn", "fork 1", "fork 2"], ["3"]],
    ["a process by its new name", ["spawn db", "exec 1 worker", "cat /proc/1/status"], /^Name:\tworker$/m],
    ["processes", ["spawn db", "ps"], /^ +1 +0 +R +yes +0 kB +2 +0 {2}db$/m],
    ["a mapping's name and address", [pool, "spawn", "mmap 1 4MiB hugetlb"], ["m1 0x2aaac0000000"]],
    ["a segment's name", [pool, "shmget 4MiB hugetlb"], ["s1"]],
    ["a segment's mapping", [pool, "shmget 4MiB hugetlb", "spawn", "shmat 1 s1 read"], ["m1 0x2aaac0000000"]],
    ["mounts", ["mount /mnt/a", "mount -t hugetlbfs -o size=8M none /mnt/b/", "mount"], /\nnone on \/mnt\/b type/],
    ["a path with .. in it", ["mount /mnt/a/../b", "ls /mnt/b/.", "mount"], ["none on /mnt/b type hugetlbfs"]],
    ["the way to a mount", ["mount /mnt/a", "ls /"], ["mnt/", "proc/", "sys/"]],
    ["files on a mount", [pool, "mount /a", "truncate /a/f 2MiB", "truncate /a/e 0", "ls /a"], ["e", "f"]],
    [
      "the room on a mount",
      [pool, "mount -o size=8M /a", "spawn", "mmap 1 4MiB shared file=/a/f", "df"],
      ["Mounted on  2M-blocks  Used  Available", "/a                  4     2          2"],
    ],
    ["an audit", ["audit"], ["every count is right"]],
    [
      "events of a single command",
      [pool, "events", "echo 17 > /proc/sys/vm/nr_hugepages", "events"],
      /hugepageMarks +1$/m,
    ],
    [
      "what is unmapped in part",
      [pool, "spawn", "mmap 1 6MiB hugetlb", "munmap 1 m1+2MiB 2MiB", "cat /proc/1/maps"],
      /^2aaac0000000-2aaac0200000.*\n2aaac0400000-2aaac0600000.*$/,
    ],
    [
      "what was made shorter",
      ["spawn", "mmap 1 12KiB", "mremap 1 m1 12KiB 4KiB", "cat /proc/1/maps"],
      /^2aaac0000000-2aaac0001000 [^\n]*$/,
    ],
    ["what is protected", ["spawn", "mmap 1 8KiB", "mprotect 1 m1 8KiB read", "cat /proc/1/maps"], /^\S+ r--p /],
    ["a child of vfork, and that its parent waits", ["spawn", "vfork 1", "ps"], /^ +1 +0 +D .*\n +2 +1 +R /m],
    [
      "that a child lacks what is not to be copied",
      ["spawn", "mmap 1 8KiB", "madvise 1 m1 8KiB dontfork", "fork 1", "cat /proc/2/maps"],
      [""],
    ],
    ["what is left after ballooning", ["balloon 40MiB"], ["40960 kB"]],
    [
      "how many address spaces a suspend pins: none, all are",
      ["spawn", "fork 1", "suspend"],
      ["0 address spaces pinned"],
    ],
    ["a resume", ["suspend", "resume"], ["0 address spaces unpinned"]],
    ["nothing, but Xen logs it", ["xl debug-keys q"], []],
    [
      "Xen's log",
      ["xl debug-keys q", "xl dmesg"],
      /^\(XEN\) 'q' pressed -> dumping domain info\n[^]*DomPage list too long to display/,
    ],
    ["Xen's log, cleared", ["xl debug-keys q", "xl dmesg -c", "xl dmesg"], []],
    ["counters from their reset on", ["spawn", "xl debug-keys P", "fork 1", "events"], /^xen +hypercalls +\d+$/m],
    ["no events where none were", ["events", "events"], []],
    ["the usage of a command", ["help fork"], ["fork PID", "  fork a process; prints the child's pid"]],
  ])("print %s", (_, lines, expected) => {
    const output = runAll(openConsole().console, lines);
    if (expected instanceof RegExp) expect(output.join("\n")).toMatch(expected);
    else expect(output).toEqual(expected);
  });

  test("touch what they are told to: a mapping, a part of it, one page, all", () => {
    const { console, guest } = openConsole();
    const free = (): number => guest.pool().free;
    runAll(console, [pool, "spawn", "mmap 1 8MiB shared hugetlb", "mmap 1 4MiB shared hugetlb"]);
    const steps: readonly (readonly [string, number])[] = [
      ["touch 1 m1+2MiB 1", 1],
      ["touch 1 m1+2MiB 2MiB", 0],
      ["touch 1 m1+3MiB 2MiB read", 1],
      ["touch 1 0x2aaac0600000 write", 1],
      ["touch 1 m1", 1],
      ["touch 1 all", 2],
    ];
    for (const [line, taken] of steps) {
      const before = free();
      expect(console.run(line)).toMatchObject({ status: 0 });
      expect([line, before - free()]).toEqual([line, taken]);
    }
  });

  test("give a child the names of its parent's mappings", () => {
    const { console } = openConsole();
    const lines = [pool, "spawn", "mmap 1 4MiB shared hugetlb", "fork 1", "exit 1", "touch 2 m1", "munmap 2 m1"];
    runAll(console, [...lines, "ps"]);
    expect(console.run("touch 2 m1")).toMatchObject({ status: 1, refusal: "SIGSEGV" });
  });
});

test("Xen logs what it refused before and after a key in their order", () => {
  // The mark of a hugepage that a scheme with marks holds already.
  const { console, guest } = openConsole("xen-4.1");
  runAll(console, [pool]);
  const head = guest.kernel.phys.pfnToMfn(pfn(guest.kernel.hstate.freeList[0] ?? -1));
  const mark = (): number =>
    doMmuextOp(guest.kernel.vcpu, Int32Array.of(MMUEXT_MARK_SUPER, 0, head, 0, 0, 0), 1, DOMID_SELF);
  mark();
  runAll(console, ["xl debug-keys H"]);
  mark();
  const log = runAll(console, ["xl dmesg"]);
  const refusals = log.flatMap((line, at) => (line.includes("Duplicate superpage mark attempt") ? [at] : []));
  const key = log.findIndex((line) => line.includes("'H' pressed"));
  expect(refusals).toEqual([0, log.length - 1]);
  expect(key).toBe(1);
  expect(log.every((line) => line.startsWith("(XEN) "))).toBe(true);
});

test("Xen's log has each of many refusals that are alike", () => {
  const { console, guest } = openConsole("xen-4.1");
  runAll(console, [pool]);
  const head = guest.kernel.phys.pfnToMfn(pfn(guest.kernel.hstate.freeList[0] ?? -1));
  const op = Int32Array.of(MMUEXT_MARK_SUPER, 0, head, 0, 0, 0);
  const logged = (marks: number): number => {
    for (let mark = 0; mark < marks; mark++) doMmuextOp(guest.kernel.vcpu, op, 1, DOMID_SELF);
    return runAll(console, ["xl dmesg -c"]).length;
  };
  // More than the host keeps at once, so that what it forgets looks like what it learns.
  expect([1, 300, 10, 0].map(logged)).toEqual([1, 256, 10, 0]);
});

describe("what the guest's kernel refuses has status 1 and a name", () => {
  test.each([
    ["cat /proc", [], "cat: /proc: EISDIR", "EISDIR"],
    ["cat /proc/3/maps", [], "cat: /proc/3/maps: ENOENT", "ENOENT"],
    ["ls /proc/3", [], "ls: /proc/3: ENOENT", "ENOENT"],
    ["echo x > /proc/meminfo", [], "echo: /proc/meminfo: EIO", "EIO"],
    ["echo x > /proc/sys/vm/nr_hugepages", [], "echo: /proc/sys/vm/nr_hugepages: EINVAL", "EINVAL"],
    ["mmap 1 64MiB hugetlb", ["spawn"], "mmap: ENOMEM", "ENOMEM"],
    ["mmap 1 3MiB shared file=/a/f", ["spawn", "mount /a"], "mmap: EINVAL", "EINVAL"],
    ["munmap 1 0x1000", ["spawn"], "munmap: EINVAL", "EINVAL"],
    ["munmap 1 m1+4096 4096", [pool, "spawn", "mmap 1 2MiB hugetlb"], "munmap: EINVAL", "EINVAL"],
    ["mremap 1 m1 4MiB 6MiB", [pool, "spawn", "mmap 1 4MiB hugetlb"], "mremap: EINVAL", "EINVAL"],
    ["mprotect 1 0x1000 4096 read", ["spawn"], "mprotect: ENOMEM", "ENOMEM"],
    ["madvise 1 1 4096 dontfork", ["spawn"], "madvise: EINVAL", "EINVAL"],
    ["shmget 64MiB hugetlb", [], "shmget: ENOMEM", "ENOMEM"],
    ["shmget 0", [], "shmget: EINVAL", "EINVAL"],
    ["shmat 1 s1", ["shmget 4096", "ipcrm s1", "spawn"], "shmat: EINVAL", "EINVAL"],
    ["shmdt 1 0x1000", ["spawn"], "shmdt: EINVAL", "EINVAL"],
    ["ipcrm s1", ["shmget 4096", "ipcrm s1"], "ipcrm: EINVAL", "EINVAL"],
    ["mount -o size=x /a", [], "mount: /a: EINVAL", "EINVAL"],
    ["mount /a", ["mount /a"], "mount: /a: EBUSY", "EBUSY"],
    ["mount /proc/a", [], "mount: /proc/a: EBUSY", "EBUSY"],
    ["umount /a", [], "umount: /a: EINVAL", "EINVAL"],
    ["truncate /a/f 1MiB", ["mount /a"], "truncate: /a/f: EINVAL", "EINVAL"],
    ["truncate /a/f 0", ["mount -o nr_inodes=1 /a"], "truncate: /a/f: ENOSPC", "ENOSPC"],
    ["rm /a/f", ["mount /a"], "rm: /a/f: ENOENT", "ENOENT"],
    ["cat /a", ["mount /a"], "cat: /a: EISDIR", "EISDIR"],
    ["echo x > /a/f", ["mount /a"], "echo: /a/f: EINVAL", "EINVAL"],
    ["touch 1 0x1000", ["spawn"], "touch: pid 1 received SIGSEGV at 0x1000 and ended", "SIGSEGV"],
    [
      "touch 1 m1+2MiB",
      [pool, "spawn", "mmap 1 4MiB hugetlb noreserve", "shmget 30MiB hugetlb", "touch 1 m1 1"],
      "touch: pid 1 received SIGBUS at 0x2aaac0200000 and ended",
      "SIGBUS",
    ],
  ])("%s", (line, before, error, refusal) => {
    const { console, host } = openConsole();
    runAll(console, before);
    expect(console.run(line)).toEqual({ status: 1, output: [], errors: [error], refusal });
    expect(audit(host)).toEqual([]);
  });

  test("a process that received a signal is gone, and its memory free", () => {
    const { console, guest } = openConsole();
    runAll(console, [pool, "spawn", "mmap 1 4MiB hugetlb", "touch 1 m1"]);
    expect(console.run("touch 1 0").refusal).toBe("SIGSEGV");
    expect(guest.processes()).toEqual([]);
    expect(guest.pool()).toMatchObject({ free: 16, reserved: 0 });
  });
});

describe("a wrong command line has status 2, and says what was expected and what to do", () => {
  test.each([
    ["touhc 1 m1", /^touhc: there is no such command$/, /did you mean touch\?/],
    ["constructor", /^constructor: there is no such command$/, /help explains them/],
    ["fork", /^fork: wrong number of arguments$/, /help fork tells more/],
    ["fork 1 2", /^fork: wrong number of arguments$/, /help fork/],
    ["fork 7", /^fork: 7: there is no such process$/, /ps lists them/],
    ["fork -1", /^fork: -1: there is no such process$/, /ps lists them/],
    ["vfork 2", /^vfork: 2 waits for its vfork child 3$/, /exec 3 or exit 3/],
    ["mprotect 1 m1 4096 rw", /^mprotect: m1 is no address$/, /mmap makes/],
    ["mprotect 1 0 4096 rw", /^mprotect: rw: not understood$/, /help mprotect/],
    ["madvise 1 0 4096 willneed", /^madvise: willneed: not understood$/, /help madvise/],
    ["balloon plenty", /^balloon: BYTES: plenty is no size$/, /write BYTES as/],
    ["resume", /^resume: the guest runs$/, /suspend stops it/],
    ["xl list", /^xl: not understood$/, /help xl/],
    ["ps > /a", /^ps: its output cannot be written to a file$/, /leave out > \/a/],
    ["> /a", /^no command before >$/, /help/],
    ["cat /a | head", /^\| is not understood/, /help/],
    ["mmap 1 lots", /^mmap: BYTES: lots is no size$/, /write BYTES as/],
    ["mmap 1 64mb", /^mmap: BYTES: 64mb is no size$/, /did you mean 64MiB\?/],
    ["mmap 1 200TiB", /^mmap: BYTES: 200TiB is no size$/, /write BYTES as/],
    ["mmap 1 1.5", /^mmap: BYTES: 1.5 is no size$/, /write BYTES as/],
    ["mmap 1 4MiB hugetbl", /^mmap: hugetbl is no option$/, /did you mean hugetlb\?/],
    ["mmap 1 4MiB toString", /^mmap: toString is no option$/, /help mmap/],
    ["mmap 1 4MiB file=/a/f", /^mmap: \/a\/f is no file on a hugetlbfs$/, /mount/],
    ["mmap 1 4MiB offset=x", /^mmap: offset: x is no size$/, /write offset as/],
    ["mmap 1 4MiB at=m1", /^mmap: m1 is no address$/, /mmap makes a mapping/],
    ["mremap 1 0xffff880000000000 4096 8192", /^mremap: 0xffff880000000000 is no address$/, /mmap makes a mapping/],
    ["munmap 1 m1+", /^munmap: m1\+ is no address$/, /mmap makes a mapping/],
    ["touch 1 all 4096", /^touch: 4096: not expected here$/, /help touch/],
    ["touch 1 0 1 2", /^touch: 2: not expected here$/, /help touch/],
    ["touch 1 0 1 fast", /^touch: fast: not expected here$/, /help touch/],
    ["shmget 4096 huge", /^shmget: huge is no option$/, /help shmget/],
    ["shmat 1 s1", /^shmat: s1: there is no such segment$/, /shmget makes one/],
    ["mount -x /a", /^mount: -x \/a: not understood$/, /help mount/],
    ["mount a", /^mount: no place to mount it at$/, /mount \/mnt\/huge/],
    ["mount -o size=4M", /^mount: no place to mount it at$/, /mount \/mnt\/huge/],
    ["rm /proc/meminfo", /^rm: \/proc\/meminfo is no file on a hugetlbfs$/, /mount/],
    ["help touhc", /^touhc: there is no such command$/, /did you mean touch\?/],
  ])("%s", (line, problem, remedy) => {
    const { console } = openConsole();
    runAll(console, ["spawn", "spawn", "vfork 2"]);
    const { status, output, errors, refusal } = console.run(line);
    expect([status, output, refusal]).toEqual([2, [], undefined]);
    expect(errors.length).toBe(3);
    expect(errors[0]).toMatch(problem);
    expect(errors[1]).toMatch(/^ {2}expected: ./);
    expect(errors[2]).toMatch(/^ {2}do: /);
    expect(errors[2]).toMatch(remedy);
  });
});

test.each([
  "suspend",
  "spawn",
  "fork 1",
  "touch 1 m1",
  "exit 1",
  "cat /proc/meminfo",
  "echo 4 > /proc/sys/vm/nr_hugepages",
  "ls /proc",
  "balloon 40MiB",
  "mount /mnt/huge",
  "shmget 4096",
])("nothing runs while the guest is suspended: %s", (line) => {
  const { console } = openConsole();
  runAll(console, ["spawn", "mmap 1 4096", "suspend"]);
  expect(console.run(line)).toMatchObject({
    status: 2,
    errors: [expect.stringMatching(/: the guest is suspended$/), expect.anything(), "  do: resume goes on"],
  });
  expect(console.complete("cat /proc/").candidates).toEqual([]);
  runAll(console, ["resume", "fork 1", "audit"]);
});

describe("help", () => {
  test("lists each command with its usage, its name first", () => {
    const output = runAll(openConsole().console, ["help"]);
    expect(output.length).toBe(Console.commands.length);
    for (const [at, { name, usage, help }] of Console.commands.entries()) {
      expect(output[at]).toMatch(/^\S.* {2}\S/);
      expect(output[at]?.startsWith(usage) && output[at]?.endsWith(help)).toBe(true);
      expect(usage.split(" ")[0]).toBe(name);
    }
  });

  test.each(Console.commands.map(({ name }) => name))("explains %s", (name) => {
    expect(runAll(openConsole().console, [`help ${name}`])[0]).toMatch(new RegExp(`^${name}\\b`));
  });
});

describe("completion", () => {
  test.each([
    ["", "", Console.commands.map(({ name }) => name)],
    ["sp", "sp", ["spawn"]],
    ["  um", "um", ["umount"]],
    ["help sh", "sh", ["shmget", "shmat", "shmdt"]],
    ["cat /proc/m", "/proc/m", ["/proc/meminfo"]],
    [
      "cat /proc/sys/vm/",
      "/proc/sys/vm/",
      ["hugetlb_shm_group", "nr_hugepages", "nr_overcommit_hugepages"].map((name) => `/proc/sys/vm/${name}`),
    ],
    ["ls /m", "/m", ["/mnt/"]],
    ["ls /mnt/a/", "/mnt/a/", ["/mnt/a/f"]],
    ["ls /nowhere/", "/nowhere/", []],
    ["touch 1 ", "", ["m1", "s1", "all", "read", "write"]],
    ["touch 1 m", "m", ["m1"]],
    ["mmap 1 4MiB hu", "hu", ["hugetlb"]],
  ])("of %j", (line, word, candidates) => {
    const { console } = openConsole();
    runAll(console, [pool, "spawn", "mmap 1 2MiB hugetlb", "shmget 4096", "mount /mnt/a", "truncate /mnt/a/f 0"]);
    expect(console.complete(line)).toEqual({ word, candidates });
  });
});

test("whatever is typed, no line throws and every count stays right, under every scheme", () => {
  const pid = fc.constantFrom("1", "2", "3");
  const where = fc.constantFrom("m1", "m2", "m1+2MiB", "m1+4096", "0", "0x2aaac0000000", "0xffff880000000000", "all");
  const size = fc.constantFrom("0", "1", "4096", "8KiB", "1MiB", "2MiB", "4MiB", "128TiB");
  const path = fc.constantFrom(
    "/proc/sys/vm/nr_hugepages",
    "/proc/sys/vm/nr_overcommit_hugepages",
    "/a/f",
    "/a/g",
    "/a",
  );
  const word = fc.oneof(
    pid,
    where,
    size,
    path,
    fc.constantFrom("shared", "private", "hugetlb", "noreserve", "read", "none", "file=/a/f", "at=m1", "s1", "-o", ">"),
    fc.string({ maxLength: 3 }),
  );
  const line = fc.oneof(
    fc.tuple(pid, where, size, size).map((words) => `mremap ${words.join(" ")}`),
    fc.constantFrom("suspend", "resume", "resume", "balloon 40MiB", "balloon 64MiB", "xl debug-keys *P", "xl dmesg"),
    fc
      .tuple(
        fc.constantFrom("mprotect", "madvise"),
        pid,
        where,
        size,
        fc.constantFrom("read", "write", "none", "dontfork", "dofork"),
      )
      .map((words) => words.join(" ")),
    fc
      .tuple(fc.constantFrom("fork", "vfork", "exec", "exit", "spawn", "umount", "ipcrm"), pid)
      .map((words) => words.join(" ")),
    fc
      .tuple(
        fc.constant("mmap"),
        pid,
        size,
        fc.constantFrom("", "hugetlb", "shared", "shared hugetlb", "shared file=/a/f"),
      )
      .map((words) => words.join(" ")),
    fc.tuple(fc.constantFrom("touch", "munmap", "shmdt"), pid, where).map((words) => words.join(" ")),
    fc.tuple(fc.nat(24), path).map(([count, to]) => `echo ${count} > ${to}`),
    fc.tuple(fc.constantFrom("truncate", "rm", "mount", "cat", "ls"), path, size).map((words) => words.join(" ")),
    fc
      .tuple(fc.constantFrom(...Console.commands.map(({ name }) => name)), fc.array(word, { maxLength: 5 }))
      .map(([name, words]) => [name, ...words].join(" ")),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.constantFrom(...schemeNames), fc.array(line, { maxLength: 25 }), (scheme, lines) => {
      const { console, host, guest } = openConsole(scheme);
      runAll(console, [pool, "mount /a", "spawn", "mmap 1 4MiB shared hugetlb", "shmget 2MiB hugetlb", "fork 1"]);
      for (const typed of lines) {
        const { status, errors } = console.run(typed);
        expect([0, 1, 2]).toContain(status);
        expect(errors.length > 0).toBe(status !== 0);
      }
      expect(audit(host)).toEqual([]);
      const { total, free, reserved, surplus } = guest.pool();
      expect(0 <= reserved && reserved <= free && free <= total && surplus <= total).toBe(true);
    }),
    { numRuns: 40 },
  );
}, 60_000);
