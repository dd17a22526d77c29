import { loadSchemeModules } from "@xsp/cli";
import { answerParent } from "./child-process.ts";
import { measureMicro } from "./micro-measurement.ts";
import type { MicroOrder } from "./micro-result.ts";

// The program of a process that times the tasks of one scheme and ends. Started by micro-run.ts.

answerParent(async (order: MicroOrder) => {
  await loadSchemeModules(order.modules);
  return measureMicro(order, () => Number(process.hrtime.bigint()));
});
