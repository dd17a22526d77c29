export { readTrace, type Trace, type TraceNote } from "./trace/trace-reader.ts";
export { TraceProblem } from "./trace/trace-problem.ts";
export type { TraceHeader, TraceMachineOptions } from "./trace/trace-header.ts";
export type { FrameTuple, SuperpageTuple, TraceOperation } from "./trace/trace-operation.ts";
export { recordedMachine, type RecordedMachine } from "./trace/recorded-machine.ts";

export { replayTrace, type ReplayOptions, type ReplayResult } from "./replay/replay.ts";
export { formatMismatch, type Mismatch } from "./replay/mismatch.ts";
export { formatReplay, formatStop, formatTotal, type ReplayReport, replayReport } from "./replay/replay-report.ts";

export {
  type AdversaryOptions,
  type AdversaryResult,
  type Finding,
  recordEpisode,
  runAdversary,
} from "./adversary/adversary.ts";
export { adversaryGeometries, isUnsoundAsPublished } from "./adversary/geometry.ts";

export { advisories, knownSchemeNames, schemeNames } from "@xsp/hypervisor";
export { advisorySearches } from "./advisories/advisory-searches.ts";
export {
  type AdvisorySearch,
  type AdvisorySearchResult,
  type CheckerSearch,
  type Fix,
} from "./advisories/advisory-search.ts";

export {
  modelByName,
  modelOfToken,
  modelUnderScheme,
  type NamedModel,
  namedModels,
  UnknownTokenScheme,
} from "./models/model-list.ts";
export { type BoundsChange, BoundsProblem, withBounds } from "./models/model-bounds.ts";
export { superpageModel, type SuperpageModelOptions } from "./models/superpage-model.ts";
export {
  boundsOf,
  type CheckBounds,
  type CheckedProperty,
  checkedProperties,
  checkModel,
  type CheckOptions,
  CheckRun,
  type Counterexample,
  type ModelCheck,
  type Verdict,
} from "./models/model-check.ts";
export { checkMatrix, type MatrixOptions, type MatrixProgress } from "./models/check-matrix.ts";
export { type CheckJson, checkJson } from "./models/check-json.ts";
export { type Explanation, explainToken, isPublished, propertyMeaning } from "./models/explanation.ts";
export { exportTrace, type TraceSuffix, traceSuffixes, traceSuffixOf } from "./models/trace-export.ts";
export {
  boundsText,
  checkText,
  incompleteText,
  matrixMarkdown,
  matrixText,
  type SchemeFlags,
} from "./models/matrix-report.ts";

export { type StressPlan, stressPlan, type StressPlanOptions } from "./stress/stress-plan.ts";
export type { BrokenProperty } from "./stress/planned-run.ts";
export { runSequentialOrders, type SequentialBreak, type SequentialResult } from "./stress/sequential-orders.ts";
export { RoundControl, Shared } from "./stress/round-control.ts";
export {
  runStressThread,
  stressMemory,
  type StressThreadReport,
  type StressThreadStart,
} from "./stress/stress-thread.ts";
