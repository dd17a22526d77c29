export { runInProcesses } from "./scenario-processes.ts";
export { runSchemeProcess } from "./scheme-process.ts";
export type { SchemeOrder } from "./scheme-message.ts";
export { thisMachine } from "./this-machine.ts";
export { ProgressLine } from "./progress-line.ts";
export { type ChosenSchemes, chooseSchemes, loadSchemeModules } from "./scheme-file.ts";
export { terminalStyle } from "./terminal-style.ts";
export { runProgram } from "./program.ts";
export { commandLineProblem } from "./command-line-problem.ts";
