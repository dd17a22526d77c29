import { spawn } from "node:child_process";
import { describe, expect, test } from "vitest";
import { xsp, xspFile } from "./xsp-process.ts";

function tokenOf(model: string, scheme: string, property: string): string {
  const { stdout } = xsp("check", model, "--scheme", scheme, "--property", property, "--format", "json");
  return (JSON.parse(stdout) as { token: string }).token;
}

const race = tokenOf("map-map-unmap", "xen-4.1", "S3");
const noRace = tokenOf("unmark-mapped", "rfc", "S3");

describe("xsp stress", () => {
  test("runs the operations of a token under another scheme, and ends with 0 when nothing breaks", () => {
    const { code, stdout, stderr } = xsp("stress", race, "--scheme", "sealed", "--rounds", "50");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^map-map-unmap, sealed: superpage of 2 frames, 2 threads; /);
    expect(stdout).toContain("the token breaks S3 under xen-4.1\n");
    expect(stdout).toContain("  vCPU 0: unmap-2m\n  vCPU 1: map-2m-rw\n");
    expect(stdout).toContain("in all 2 orders: nothing breaks\n");
    expect(stdout).toMatch(/ran clean: 50 rounds in .*\n {2}that is no proof: xsp check map-map-unmap --scheme sealed/);
  });

  test("says so when a property breaks without a race, and ends with 12", () => {
    const { code, stdout } = xsp("stress", noRace, "--rounds", "50");
    expect(code).toBe(12);
    expect(stdout).toContain("  breaks also without a race: S3 after vCPU 1 unmark → 0: frame 3: count is 1");
    expect(stdout).toMatch(/broke in round 1: 1 rounds? in /);
    expect(stdout).toContain("  S3: frame 3: count is 1, what exists implies 2 (general references)\n");
    expect(stdout).toContain("  vCPU 0: nothing\n  vCPU 1: unmark → 0\n");
    expect(stdout).toContain("the same breaks without a race, so this shows none\n");
  });

  test("counts the broken rounds when it is to keep going", () => {
    const { code, stdout } = xsp("stress", noRace, "--rounds", "50", "--keep-going", "--format", "json");
    expect(code).toBe(12);
    expect(JSON.parse(stdout)).toMatchObject({ v: 1, verdict: "broken", rounds: 50, broken: 50, first: { round: 1 } });
  });

  test("runs superpages of 512 frames", () => {
    const { code, stdout } = xsp("stress", race, "--scheme", "sealed", "--order", "9", "--rounds", "3");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^map-map-unmap, sealed: superpage of 512 frames, /);
  });

  test("says what broke, or that nothing did, where chance decides", () => {
    const { code, stdout } = xsp("stress", race, "--rounds", "200", "--format", "json");
    const { verdict, first, sequential } = JSON.parse(stdout) as {
      verdict: string;
      first: { violated: { property: string }[]; results: string[][] } | null;
      sequential: unknown;
    };
    expect(sequential).toEqual({ orders: 2, breaks: [] });
    expect({ code, verdict }).toEqual(first === null ? { code: 0, verdict: "clean" } : { code: 12, verdict: "broken" });
    // A hypercall never fails here: what breaks are the books.
    if (first !== null) expect(first).toMatchObject({ violated: [{ property: "S3" }], results: [["0"], ["0"]] });
  });

  test("ends with 130 when it is interrupted, and tells how far it came", async () => {
    const child = spawn(process.execPath, [xspFile, "stress", race, "--scheme", "sealed", "--seconds", "600"]);
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => {
      if (stdout === "") child.kill("SIGINT");
      stdout += chunk.toString();
    });
    const code = await new Promise((resolve) => {
      child.on("close", resolve);
    });
    expect(code).toBe(130);
    expect(stdout).toMatch(/^interrupted: [\d,]+ rounds? in /m);
  });
});

test.each([
  ["no token", ["stress"], /^xsp: missing required argument 'token'/],
  ["a damaged token", ["stress", "xsp1.AAAA"], /^xsp: these operations cannot be run: /],
  [
    "an unknown scheme",
    ["stress", race, "--scheme", "seald"],
    /^xsp: --scheme seald: .*\n.*\n {2}do: did you mean sealed\?/,
  ],
  ["an order that there is not", ["stress", race, "--order", "10"], /order: 10 given, expected a whole number from 0/],
  ["no rounds", ["stress", race, "--rounds", "0"], /expected a whole number from 1/],
  ["no time", ["stress", race, "--seconds", "0"], /expected a number above 0/],
  ["an unknown format", ["stress", race, "--format", "md"], /^xsp: --format md: there is no such format/],
])("%s ends with 2 and tells what to do", (_, args, message) => {
  const { code, stdout, stderr } = xsp(...args);
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/\n {2}do: \S/);
  expect([code, stdout]).toEqual([2, ""]);
});
