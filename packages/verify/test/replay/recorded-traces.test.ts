import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { formatMismatch } from "../../src/replay/mismatch.ts";
import { replayTrace } from "../../src/replay/replay.ts";
import { readTrace } from "../../src/trace/trace-reader.ts";

// What a real Xen answered lies beside the project; what the adversary recorded here comes with it.
const folders = {
  "recorded from a real Xen": new URL("../../../../../shared/traces/", import.meta.url),
  "recorded by the adversary": new URL("../fixtures/", import.meta.url),
};

describe.each(Object.entries(folders))("traces %s", (_, folder) => {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".jsonl")) : [];

  if (files.length === 0) test("are not here", ({ skip }) => skip(`no traces in ${folder.pathname}`));

  test.each(files)("%s agrees in every answer and every state", (name) => {
    const { ops, rcAgree, states, stateAgree, mismatches } = replayTrace(
      readTrace(name, readFileSync(new URL(name, folder), "utf8")),
    );
    const first = mismatches[0];
    expect(first === undefined ? "" : formatMismatch(name, first)).toBe("");
    expect({ rcAgree, stateAgree }).toEqual({ rcAgree: ops, stateAgree: states });
  });
});
