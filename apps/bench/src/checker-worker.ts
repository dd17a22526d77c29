import { answerParent } from "./child-process.ts";
import { measureChecker } from "./checker-measurement.ts";
import type { CheckerOrder } from "./checker-result.ts";

// The program of a process that makes one check and ends. Started by checker-run.ts.

answerParent((order: CheckerOrder) => measureChecker(order, () => performance.now()));
