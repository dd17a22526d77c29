import { arch, cpus, platform, totalmem } from "node:os";
import type { Machine } from "@xsp/scenario";

/** What times were taken on. */
export function thisMachine(): Machine {
  const processors = cpus();
  return {
    runtime: `Node ${process.version}`,
    platform: `${platform()} ${arch()}`,
    cpu: processors[0]?.model.trim() ?? "unknown processor",
    cpus: processors.length,
    memoryBytes: totalmem(),
  };
}
