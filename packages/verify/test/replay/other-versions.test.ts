import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { replayTrace } from "../../src/replay/replay.ts";
import { readTrace } from "../../src/trace/trace-reader.ts";

const folder = new URL("../../../../../shared/traces/", import.meta.url);

/*
 * The random runs of 4.17 are not among the traces, but FORMAT.md tells up to which operation each of them agrees with
 * that of 4.9.4. Run as 4.17, the model must leave the recording of 4.9.4 at the very next operation.
 */
test.skipIf(!existsSync(folder)).each([
  ["base-rand-1", 946],
  ["base-rand-2", 1895],
  ["base-rand-3", 105],
  ["base-randwild-4", 1187],
  ["base-randwild-5", undefined],
  ["base-randwild-6", 1144],
])("as 4.17 the model agrees with the 4.9.4 recording of %s as far as 4.17 itself does: to %s", (name, last) => {
  const file = `xen494probe-${name}.jsonl`;
  const trace = readTrace(file, readFileSync(new URL(file, folder), "utf8"));
  const machine = { version: "xen-4.17", superpagesAllowed: false, debugBuild: false };
  const { mismatches } = replayTrace(trace, { machine, keep: Infinity });
  const first = mismatches.find(({ what }) => what === "rc" || what === "done" || what === "value");
  expect(first?.i).toBe(last === undefined ? undefined : last + 1);
});
