import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { addCheckCommand } from "./commands/check.ts";
import { addExplainCommand } from "./commands/explain.ts";
import { addFuzzCommand } from "./commands/fuzz.ts";
import { addLabCommand } from "./commands/lab.ts";
import { addNewCommand } from "./commands/new.ts";
import { addProfileCommand } from "./commands/profile.ts";
import { addReplayCommand } from "./commands/replay.ts";
import { addRunCommand } from "./commands/run.ts";
import { addScenarioCommand } from "./commands/scenario.ts";
import { addShellCommand } from "./commands/shell.ts";
import { addStressCommand } from "./commands/stress.ts";
import { exitCode } from "./exit-code.ts";
import { schemeFileInStack } from "./scheme-file.ts";

// Every command is a file in commands/ that adds itself here. It loads what it works with when it is run and not before,
// so that --help answers at once.

const about = `XSP builds a Xen host and a Linux-like PV guest, and counts what superpages cost.

A PV guest maps 2 MiB with one page-directory entry. What the hypervisor does
for that entry depends on its accounting scheme: Xen 4.0 takes two references on
each of the 512 frames; later schemes count the superpage as a whole. A process
with 64 GiB of hugepages that forks shows the difference: 33,554,432 references,
or 32,768 operations.`;

const examples = `
Examples:
  xsp run fork-64g                                     all schemes side by side
  xsp run fork-64g --scheme per-frame --scheme sealed  two of them
  xsp scenario show fork-64g > mine.yaml               a file to start your own from
  xsp run mine.yaml --set workload.logins=10           with one field changed
  xsp shell fork-64g                                   type commands at a running guest
  xsp profile xeon-x5570-2009                          every constant behind the modelled time, and its source
  xsp check map-unmark-pin --scheme rfc                every interleaving of a model, and the way to break it
  xsp new scheme mine                                  a scheme of your own, which goes wherever a scheme is named
  xsp lab                                              the same to look at, in a browser

Exit codes: 0 done, 1 a bug of XSP or books that do not balance, 2 wrong usage or a wrong scenario,
3 a check that is incomplete, 4 an expectation that was missed or a call that the guest's kernel refused to a script of
xsp shell, 12 a check that found something, 130 interrupted.`;

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return (manifest as { version: string }).version;
}

/** The whole command line, before anything is parsed. */
export function buildProgram(): Command {
  const program = new Command("xsp")
    .description(about)
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", examples)
    .showSuggestionAfterError(true)
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, "xsp: ")),
    })
    .exitOverride();
  addRunCommand(program);
  addScenarioCommand(program);
  addProfileCommand(program);
  addReplayCommand(program);
  addFuzzCommand(program);
  addCheckCommand(program);
  addExplainCommand(program);
  addStressCommand(program);
  addLabCommand(program);
  addShellCommand(program);
  addNewCommand(program);
  return program;
}

/**
 * Runs the command line.
 *
 * @param args the arguments after the program's name.
 * @returns the exit code.
 */
export async function runProgram(args: readonly string[]): Promise<number> {
  // `xsp run … | head` ends our output, and that is no error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCode.ok);
    throw error;
  });
  const program = buildProgram();
  if (args.length === 0) {
    program.outputHelp({ error: true });
    return exitCode.usage;
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? exitCode.ok);
  } catch (error) {
    return report(error, args);
  }
}

/** Tells what went wrong, on stderr. */
function report(error: unknown, args: readonly string[]): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCode.ok;
    // Commander has printed what was wrong already.
    const command = args.find((arg) => !arg.startsWith("-"));
    const known = error.code !== "commander.unknownCommand" && command !== undefined;
    process.stderr.write(`  do: xsp ${known ? `${command} ` : ""}--help lists what there is\n`);
    return exitCode.usage;
  }
  const name = error instanceof Error ? error.name : "";
  if (name === "UsageError" || name === "ScenarioError") {
    process.stderr.write(`xsp: ${(error as Error).message}\n`);
    return exitCode.usage;
  }
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const schemeFile = schemeFileInStack(told, args);
  if (schemeFile !== undefined) {
    process.stderr.write(
      `xsp: --scheme ${schemeFile}: has thrown: ${told}\n` +
        "  expected: functions that return 0 or a negated errno, and never throw\n" +
        "  do: mend it where the stack says; xsp check finds the shortest way there\n",
    );
    return exitCode.internal;
  }
  process.stderr.write(
    `xsp: this is a bug of XSP: ${told}\n` +
      "  expected: a result, or a message about the arguments\n" +
      "  do: report it together with the command that shows it\n",
  );
  return exitCode.internal;
}
