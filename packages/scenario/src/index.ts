export { parseSize, parseDuration, formatSize, formatDuration, formatCount, shorten } from "./quantity.ts";
export { ScenarioError, describeProblem, inFile, type ScenarioProblem } from "./scenario-problem.ts";
export {
  addScheme,
  knownSchemeNames,
  requireSchemeName,
  SchemeProblem,
  schemeNames,
  type SchemeName,
} from "@xsp/hypervisor";
export {
  isLoginStorm,
  type GuestStyle,
  type LoginStorm,
  type Scenario,
  type ScenarioSetup,
  type StepScenario,
} from "./scenario.ts";
export { expectedLines, expectedRefusal, printsLine, type Step } from "./step.ts";
export { type BoundName, type Expectation, type PublishedFigure, boundNames } from "./expectation.ts";
export {
  evaluateFormula,
  measuresIn,
  parseFormula,
  type Formula,
  type FormulaProblem,
  type MeasureName,
  type Quantity,
} from "./formula.ts";
export { eventNames, measuresOf, type Measure } from "./measure.ts";
export { scenarioFields, type ScenarioField } from "./scenario-fields.ts";
export { parseOverride, type ScenarioOverride } from "./override.ts";
export { readLoginStorm, readScenario, type ReadOptions } from "./scenario-file.ts";
export { scenarioJsonSchema } from "./scenario-json-schema.ts";
export {
  shippedScenario,
  shippedScenarioNames,
  shippedScenarios,
  nearestShippedScenario,
} from "./shipped-scenarios.ts";
export { nearestName } from "./nearest-name.ts";

export {
  costConstants,
  costProfiles,
  profileNames,
  type CostConstant,
  type CostProfile,
  type PricedEvent,
  type ProfileName,
} from "./cost-profile.ts";
export { countingOperations, type EventCounts, eventCounts, type EventName } from "./event-counts.ts";
export { modelledTime } from "./modelled-time.ts";
export { LoginQueue, type LoginOutcome } from "./login-queue.ts";

export { Console } from "./console/console.ts";
export type { CommandResult } from "./console/command.ts";
export type { Completion } from "./console/completion.ts";
export { setUpLines } from "./console/set-up.ts";
export { bootScenario, runScenario, type RunOptions, type RunProgress } from "./run-scenario.ts";
export type { Clock } from "./phase-recorder.ts";
export { comparePublished, formatQuantity, judge, type Judgement, type PublishedComparison } from "./judgement.ts";
export { scenarioResult } from "./scenario-result.ts";
export {
  phaseNames,
  type AnyResult,
  type Machine,
  type OperationRun,
  type PhaseName,
  type PhaseRun,
  type ScenarioResult,
  type SchemeRun,
  type StepRun,
  type StepsResult,
  type StepsRun,
  type WallSpread,
} from "./scheme-run.ts";
export {
  breakEvenFrameCost,
  commonWorks,
  frameCost,
  ratioAtWork,
  ratioOfRuns,
  ratioOverWork,
  workForRatio,
  type CommonWork,
  type RatioAtWork,
  type RatioByRun,
} from "./accounting-ratio.ts";

export { alignColumns, textReport, type TextReportOptions, type TextStyle } from "./report/text.ts";
export type { ComparisonRow, ComparisonSection } from "./report/comparison-table.ts";
export { markdownReport, markdownTable, type MarkdownReportOptions } from "./report/markdown.ts";
export { csvReport } from "./report/csv.ts";
export { svgReport } from "./report/svg.ts";
