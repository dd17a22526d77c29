import { type Command, CommanderError } from "commander";
import { buildProgram } from "./program.ts";

/**
 * Reads a command line as `xsp` does and runs nothing: for documents, whose commands must be ones that exist.
 *
 * @param args - the arguments after the program's name.
 * @returns what `xsp` would say about them; undefined when it would run. Only what the command line itself decides is
 * looked at: names of commands and options, choices, and how many arguments there are.
 */
export async function commandLineProblem(args: readonly string[]): Promise<string | undefined> {
  let told = "";
  const program = buildProgram();
  for (const command of everyCommand(program)) {
    command.configureOutput({ writeOut: () => undefined, writeErr: (text) => (told += text) }).exitOverride();
    // A group of commands has no action: without one of its commands it prints its help.
    if (command.commands.length === 0) command.action(() => undefined);
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? undefined : told.trim() || error.message;
  }
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}
