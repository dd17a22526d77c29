import { cpus } from "node:os";
import { explore, type Model } from "@xsp/checker";
import { createWorkerPool } from "@xsp/checker/node";
import { expect, it } from "vitest";
import { superpage } from "./models/superpage.ts";

// `pnpm --filter @xsp/checker throughput` runs the full size and prints the figures of docs/checker.md. It runs the
// built package, since vitest's own way of importing sources would be measured along with it.
const isFull = process.env["XSP_FULL"] === "1";

interface Size {
  readonly vcpus: number;
  readonly steps: number;
  readonly states: number;
  readonly transitions: number;
}

const full: readonly Size[] = [
  { vcpus: 3, steps: 2, states: 3_200_764, transitions: 7_946_757 },
  { vcpus: 4, steps: 1, states: 912_933, transitions: 2_813_000 },
];
const smoke: readonly Size[] = [{ vcpus: 3, steps: 1, states: 16_754, transitions: 40_296 }];

it.each(isFull ? full : smoke)("explores a superpage: $vcpus vCPUs, $steps each", async (size) => {
  const { vcpus, steps, states, transitions } = size;
  const pool = createWorkerPool(2);
  for (const [how, more] of [
    ["choices reduced", {}],
    ["independent steps reduced", { reduction: "independent" }],
    ["not reduced", { reduction: "none" }],
    ["not reduced, 2 threads", { reduction: "none", pool }],
  ] as const) {
    const before = process.cpuUsage();
    // The model's types come from the sources, and their `done` is another unique symbol to the compiler.
    const model = superpage({ vcpus, frames: 2, steps }) as unknown as Model;
    const result = explore(model, { ...more, clock: () => performance.now() });
    const used = process.cpuUsage(before);
    const seconds = (used.user + used.system) / 1e6;
    expect(result.verdict).toBe("holds");
    if (how.startsWith("not reduced")) {
      expect({ states: result.states, transitions: result.transitions }).toEqual({ states, transitions });
    }
    if (!isFull) continue;
    const rate = result.transitions / 1e6;
    console.log(
      `${vcpus} vCPUs, ${steps} operations each, ${how}: ${result.states} states, ${result.transitions} transitions, depth ${result.depth}, ` +
        `${result.nodes} nodes, ${(result.bytes / result.states).toFixed(1)} bytes a state, ` +
        `${(rate / seconds).toFixed(2)} M transitions/s of CPU, ${(rate / (result.seconds ?? 1)).toFixed(2)} of wall ` +
        `(Node ${process.version}, ${cpus()[0]?.model})`,
    );
  }
  await pool.close();
});
