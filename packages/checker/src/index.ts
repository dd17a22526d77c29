export {
  done,
  type Announced,
  type Context,
  type LocalState,
  type Model,
  type ModelOptions,
  type ModelParts,
  type Move,
  type Program,
  type Property,
  type Schedule,
  type StateView,
  type VcpuView,
  type World,
} from "./model.ts";
export { explore, Exploration } from "./explorer.ts";
export { shortestCounterexamples, type ShortestCounterexample, ShortestSearch } from "./shortest-search.ts";
export type { Budget, ExploreOptions, Reduction } from "./explore-options.ts";
export type { CheckResult, IncompleteReason, Progress, Violation, Witness } from "./check-result.ts";
export type { ExpansionPool, ExpansionShare } from "./expansion-pool.ts";
export type { ExpansionTables } from "./expansion-tables.ts";
export { replay, type Trace, type TraceStep, type TraceViolation } from "./replay.ts";
export { movesToEndOfOperation, type NextStep, nextSteps } from "./next-steps.ts";
export type { Region } from "./compiled-model.ts";
export type { Note } from "./operation-run.ts";
export { encodeToken, modelHash, parseToken, type ParsedToken } from "./token.ts";
export { everySequence, type Operation, type SequenceOptions } from "./every-sequence.ts";
export { walk, type WalkOptions, type WalkResult } from "./walk.ts";
export { describeNotes, describeStep, formatTrace, type TraceFormat } from "./trace/columns.ts";
export { memoryHistory, type MemoryHistory, type TracedWord } from "./trace/memory-history.ts";
export {
  type CounterexampleHeader,
  type CounterexampleLine,
  toChromeTrace,
  toDot,
  toItf,
  toJsonLines,
} from "./trace/trace-exports.ts";
export { type HtmlText, toHtml } from "./trace/html-page.ts";
export { type OperationSpan, operationSpans } from "./trace/operation-spans.ts";
