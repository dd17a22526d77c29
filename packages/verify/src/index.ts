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

export { advisories } from "@xsp/hypervisor";
export { advisorySearches } from "./advisories/advisory-searches.ts";
export {
  type AdvisorySearch,
  type AdvisorySearchResult,
  type CheckerSearch,
  type Fix,
} from "./advisories/advisory-search.ts";

export { modelByName, modelOfToken, modelUnderScheme, type NamedModel, namedModels } from "./models/model-list.ts";
export { superpageModel, type SuperpageModelOptions } from "./models/superpage-model.ts";
export {
  boundsOf,
  type CheckBounds,
  type CheckedProperty,
  checkedProperties,
  checkModel,
  type CheckOptions,
  type Counterexample,
  type ModelCheck,
  type Verdict,
} from "./models/model-check.ts";
export { checkMatrix, type MatrixOptions, type MatrixProgress } from "./models/check-matrix.ts";
export { type CheckJson, checkJson } from "./models/check-json.ts";
export { type Explanation, explainToken, propertyMeaning } from "./models/explanation.ts";
export { boundsText, checkText, matrixMarkdown, matrixText } from "./models/matrix-report.ts";
