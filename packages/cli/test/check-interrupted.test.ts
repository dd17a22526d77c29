import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Interruption } from "../src/interruption.ts";
import { xspInterrupted } from "./xsp-interrupted.ts";
import { xsp } from "./xsp-process.ts";

const folder = mkdtempSync(join(tmpdir(), "xsp-interrupted-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A second or more of exploring, and something to be found near its end. */
const long = ["check", "map-unmark-pin", "--scheme", "xen-4.1", "--format", "json"];

/** The JSON of a check but for how long it took. */
function withoutSeconds(stdout: string): unknown {
  return { ...(JSON.parse(stdout) as object), seconds: undefined };
}

describe("Ctrl-C in a single check", () => {
  test("saves it, tells how to go on, and what is gone on with ends as one that never stopped", async () => {
    const { code, stdout, stderr } = await xspInterrupted(/transitions/, folder, long);
    expect(code).toBe(130);
    expect(stderr).toContain("xsp: interrupted: putting down what is there; Ctrl-C again ends at once\n");
    expect(JSON.parse(stdout)).toMatchObject({ v: 1, scheme: "xen-4.1", verdict: "incomplete" });
    const [, command = ""] = /^ {2}do: xsp (.*)$/m.exec(stderr) ?? [];
    expect(command).toBe(
      "check map-unmark-pin --scheme xen-4.1 --resume map-unmark-pin-xen-4.1.xsp-checkpoint --format json",
    );
    const file = join(folder, "map-unmark-pin-xen-4.1.xsp-checkpoint");
    const resumed = xsp(...long, "--resume", file);
    const whole = xsp(...long);
    expect([resumed.code, resumed.stderr, whole.code]).toEqual([12, "", 12]);
    expect(withoutSeconds(resumed.stdout)).toEqual(withoutSeconds(whole.stdout));
  });

  test("leaves the next one to the system, which ends the process at once", () => {
    const before = process.listenerCount("SIGINT");
    let told = 0;
    const interruption = new Interruption(() => told++);
    expect(process.listenerCount("SIGINT")).toBe(before + 1);
    process.emit("SIGINT");
    expect([interruption.requested, told, process.listenerCount("SIGINT")]).toEqual([true, 1, before]);
  });
});

test("Ctrl-C in several checks shows those that are done, and says that they leave no checkpoint", async () => {
  const args = ["check", "map-unmark-pin", "--scheme", "per-frame", "--scheme", "xen-4.1", "--scheme", "rfc"];
  for (const [workers, when] of [
    ["1", /\[1 of 3 done\]/],
    ["2", /transitions/],
  ] as const) {
    const { code, stdout, stderr } = await xspInterrupted(when, folder, [...args, "--workers", workers]);
    expect(code).toBe(130);
    expect(stderr).toMatch(/xsp: [012] of 3 checks are done and shown; several at once leave no checkpoint\n/);
    expect(stdout.match(/^map-unmark-pin, /gm)?.length ?? 0).toBe(Number(/xsp: (\d) of 3/.exec(stderr)?.[1]));
  }
});

describe("a check that a limit ends", () => {
  const file = join(folder, "limited.bin");
  const limited = ["check", "map-map-unmap", "--scheme", "sealed", "--vcpus", "3", "--order", "0"];

  test("is saved where --checkpoint says, and the command to go on with has no such limit", () => {
    const { code, stdout, stderr } = xsp(...limited, "--states", "2000", "--checkpoint", file);
    expect(code).toBe(3);
    expect(stdout).toContain("  incomplete: stopped by the limit on states\n");
    expect(stderr).toBe(
      `saved: ${file}\n  do: xsp check map-map-unmap --scheme sealed --vcpus 3 --order 0 --resume ${file}\n`,
    );
    expect(existsSync(`${file}.part`)).toBe(false);
  });

  test.each([
    [
      "another model",
      ["check", "mark-mark", "--scheme", "sealed"],
      /another model: map-map-unmap there, mark-mark here/,
    ],
    [
      "another scheme",
      ["check", "map-map-unmap", "--scheme", "rfc"],
      /another option scheme: "sealed" there, "rfc" here/,
    ],
    ["other bounds", ["check", "map-map-unmap", "--scheme", "sealed"], /another option vcpus: "000" there, "00" here/],
    ["another property", [...limited, "--property", "S1"], /another properties asked for: /],
  ])("is not gone on with as %s", (_, args, message) => {
    const { code, stdout, stderr } = xsp(...args, "--resume", file);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/\n {2}do: \S/);
    expect([code, stdout]).toEqual([2, ""]);
  });

  test("cannot be gone on with from a file that is something else", () => {
    const { code, stderr } = xsp(...limited, "--resume", join(folder, "nothing.bin"));
    expect([code, stderr]).toEqual([2, expect.stringMatching(/nothing\.bin: cannot be read \(ENOENT/) as string]);
    const script = join(import.meta.dirname, "..", "bin", "xsp.js");
    expect(xsp(...limited, "--resume", script)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("this is no xsp-checkpoint-3") as string,
    });
  });
});
