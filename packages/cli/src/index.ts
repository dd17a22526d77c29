export { runInProcesses } from "./scenario-processes.ts";
export { runSchemeProcess } from "./scheme-process.ts";
export type { SchemeOrder } from "./scheme-message.ts";
export type {
  CheckAllJson,
  ExplainJson,
  ModelListJson,
  NewSchemeJson,
  ReplayTokenJson,
  ScenarioListJson,
  ShellLineJson,
  StressJson,
} from "./json-output.ts";
export { thisMachine } from "./this-machine.ts";
export { ProgressLine, type ProgressStream } from "./progress-line.ts";
export { type ChosenSchemes, chooseSchemes, loadSchemeModules } from "./scheme-file.ts";
export { type StyledStream, terminalStyle } from "./terminal-style.ts";
export { runProgram } from "./program.ts";
export { commandLineProblem } from "./command-line-problem.ts";
