import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { xspFile } from "./xsp-process.ts";

const page = readFileSync(new URL("../../../docs/shell.md", import.meta.url), "utf8");
const session = [...page.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block]) => block).join("");
const [command = "", ...transcript] = session.trimEnd().split("\n");
const prompt = "sealed# ";

test("the session in docs/shell.md shows what it is about", () => {
  const typed = transcript.filter((line) => line.startsWith(prompt)).map((line) => line.slice(prompt.length));
  for (const word of ["echo", "cat /proc/meminfo", "mmap", "touch", "fork", "xl debug-keys q", "events", "audit"]) {
    expect(typed.some((line) => line.startsWith(word))).toBe(true);
  }
});

/** Runs the session's commands. Returns what is printed. */
function runSession(...flags: readonly string[]): readonly string[] {
  const [dollar, xsp, ...args] = command.split(" ");
  expect([dollar, xsp, args[0]]).toEqual(["$", "xsp", "shell"]);
  const script = transcript.filter((line) => line.startsWith(prompt)).map((line) => `${line.slice(prompt.length)}\n`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [xspFile, ...args, ...flags], {
    encoding: "utf8",
    input: script.join(""),
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.trimEnd().split("\n");
}

test("the session in docs/shell.md is what the shell prints, line by line", () => {
  expect(runSession()).toEqual(transcript);
});

test("the fork of the session takes as many references under per-frame as the page says", () => {
  const printed = runSession("--scheme", "per-frame");
  const forked = printed.slice(printed.indexOf("per-frame# fork 1"), printed.indexOf("per-frame# xl debug-keys q"));
  const [, general, type] = /it takes ([\d,]+) general and ([\d,]+) type references/.exec(page) ?? [];
  const counted = (name: string): string | undefined => new RegExp(`${name} +(\\d+)`).exec(forked.join("\n"))?.[1];
  expect(counted("frameGets")).toBe(general?.replace(",", ""));
  expect(counted("typeGets")).toBe(type?.replace(",", ""));
});

test("the commands that the page lists are commands of the console", async () => {
  const { Console } = await import("@xsp/scenario");
  const listed = [...page.matchAll(/^\| `(\w+)/gm)].map(([, name]) => name);
  expect(listed.length).toBeGreaterThan(3);
  expect(Console.commands.map(({ name }) => name)).toEqual(expect.arrayContaining(listed));
});
