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
