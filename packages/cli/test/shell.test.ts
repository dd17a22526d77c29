import { spawnSync } from "node:child_process";
import { PassThrough, Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { Console, bootScenario, readScenario, shippedScenario } from "@xsp/scenario";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ShellPrinter } from "../src/shell-printer.ts";
import { runScript } from "../src/shell-script.ts";
import type { ShellSession } from "../src/shell-session.ts";
import { runTerminal } from "../src/shell-terminal.ts";
import { type Outcome, small, xspFile } from "./xsp-process.ts";

afterEach(() => vi.restoreAllMocks());

/** Runs a script in a shell of its own process, on a small host. */
function shell(script: string, ...flags: readonly string[]): Outcome {
  const args = [xspFile, "shell", "fork-64g", ...small, ...flags];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", input: script });
  return { code: status, stdout, stderr };
}

/** A session on a small host in this process, and what it prints. */
function openSession(keepGoing = false): { session: ShellSession; printed: { stdout: string; stderr: string } } {
  const overrides = small
    .filter((text) => text !== "--set")
    .map((text) => ({ path: text.split("=")[0] ?? "", value: text.split("=")[1] ?? "", flag: text }));
  const scenario = readScenario(shippedScenario("fork-64g") ?? "", { file: "fork-64g", overrides });
  const { host, guest } = bootScenario(scenario, "sealed");
  const printed = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    vi.spyOn(process[stream], "write").mockImplementation((text) => {
      printed[stream] += String(text);
      return true;
    });
  }
  const printer = new ShellPrinter({ prompt: "sealed# ", json: false });
  return { session: { console: new Console(host, guest), printer, begin: ["spawn db"], keepGoing }, printed };
}

describe("a script", () => {
  test("reads like a session after --run, under the scheme that was chosen", () => {
    expect(shell("fork 1 # a comment\n\nps\n", "--run", "--scheme", "xen-4.1")).toEqual({
      code: 0,
      stdout: [
        "fork-64g under xen-4.1: a host of 512 MiB, a 64-bit guest of 256 MiB",
        "xen-4.1# echo 32 > /proc/sys/vm/nr_hugepages",
        "xen-4.1# spawn instance",
        "1",
        "xen-4.1# mmap 1 64MiB shared hugetlb",
        "m1 0x2aaac0000000",
        "xen-4.1# touch 1 m1",
        "xen-4.1# fork 1 # a comment",
        "2",
        "xen-4.1# ",
        "xen-4.1# ps",
        "  PID  PPID  S  PIN       VSZ  PT  HUGE  COMMAND",
        "    1     0  R  yes  65536 kB   4    32  instance",
        "    2     1  S  yes  65536 kB   4    32  instance",
        "",
      ].join("\n"),
      stderr: "",
    });
  });

  test("ends at the first failure, told on stderr", () => {
    expect(shell("fork 1\nps")).toEqual({
      code: 2,
      stdout: "fork-64g under sealed: a host of 512 MiB, a 64-bit guest of 256 MiB\nsealed# fork 1\n",
      stderr:
        "fork: 1: there is no such process\n  expected: the pid of a process; none runs\n  do: spawn starts one\n",
    });
  });

  test("prints an object for each command with --json", () => {
    const { code, stdout, stderr } = shell("spawn db\ncat /none\nps", "--json");
    expect([code, stderr]).toEqual([4, ""]);
    const objects = stdout.trim().split("\n");
    expect(objects.map((line) => JSON.parse(line) as unknown)).toEqual([
      { command: "spawn db", status: 0, output: ["1"], errors: [] },
      { command: "cat /none", status: 1, output: [], errors: ["cat: /none: ENOENT"], refusal: "ENOENT" },
    ]);
  });

  test.each([
    ["every command worked", "audit\nps\n", { keepGoing: false, code: 0, toTheEnd: true }],
    ["a command line was wrong", "psx\nps\n", { keepGoing: false, code: 2, toTheEnd: false }],
    ["the kernel refused", "cat /proc/9/maps\nps\n", { keepGoing: false, code: 4, toTheEnd: false }],
    ["a signal was raised", "touch 1 0\nps\n", { keepGoing: false, code: 4, toTheEnd: false }],
    ["the first of several was a refusal", "cat /none\npsx\nps\n", { keepGoing: true, code: 4, toTheEnd: true }],
    ["somebody left before it went wrong", "exit\npsx\n", { keepGoing: false, code: 0, toTheEnd: false }],
    ["somebody left in other words", "  quit # done\npsx\n", { keepGoing: false, code: 0, toTheEnd: false }],
  ])("ends with the code of its first failure: %s", async (_, script, { keepGoing, code, toTheEnd }) => {
    const { session, printed } = openSession(keepGoing);
    expect(await runScript(session, Readable.from(script))).toBe(code);
    expect(printed.stdout.includes("PID")).toBe(toTheEnd);
  });
});

test("a scheme that is none is wrong usage", () => {
  expect(shell("", "--scheme", "seald")).toMatchObject({
    code: 2,
    stdout: "",
    stderr: expect.stringMatching(
      /^xsp: --scheme seald: .*\n {2}expected: one of .*\n {2}do: did you mean sealed\?\n$/,
    ) as string,
  });
});

describe("a terminal", () => {
  /** Types keys, one chunk after another. */
  async function type(...keys: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const { session, printed } = openSession();
    const input = new PassThrough();
    const ended = runTerminal(session, input, new PassThrough().resume());
    for (const key of keys) {
      input.write(key);
      // A completion is answered some turns later.
      for (let turn = 0; turn < 5; turn++) await setImmediate();
    }
    return { code: await ended, ...printed };
  }

  test("runs what is typed until exit, and goes on after an error", async () => {
    const { code, stdout, stderr } = await type("fork 1\n", "cat /proc/9/maps\n", "ps\n", "exit\n");
    expect(code).toBe(0);
    expect(stdout).toContain("sealed# spawn db\n1\n2\n");
    expect(stderr).toBe("cat: /proc/9/maps: ENOENT\n");
    expect(stdout).toMatch(/^ +2 +1 +S .* db$/m);
  });

  test("is left with Ctrl-D", async () => {
    expect(await type("ps\n", "\u0004")).toMatchObject({ code: 0, stderr: "" });
  });

  test("gives a line up with Ctrl-C", async () => {
    const { stdout, stderr } = await type("spawn never", "\u0003", "ps\n", "exit\n");
    expect(stdout).toMatch(/ db\n/);
    expect(stdout + stderr).not.toContain("never");
  });

  test("completes commands, paths and names with Tab", async () => {
    const { stdout, stderr } = await type("cat /pr", "\t", "memi", "\t", "\n", "spa", "\t", "next\n", "ps\n", "quit\n");
    expect(stderr).toBe("");
    expect(stdout).toContain("MemTotal:");
    expect(stdout).toMatch(/ next\n/);
  });
});
