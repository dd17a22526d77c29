import type { Guest } from "@xsp/guest";
import type { Host } from "@xsp/hypervisor";
import { nearestName } from "../nearest-name.ts";
import { type Completion, complete } from "./completion.ts";
import { splitCommandLine } from "./command-line.ts";
import { type Command, type CommandResult, done, wrong } from "./command.ts";
import { fileCommands } from "./file-commands.ts";
import { memoryCommands } from "./memory-commands.ts";
import { mountCommands } from "./mount-commands.ts";
import { processCommands } from "./process-commands.ts";
import { segmentCommands } from "./segment-commands.ts";
import { Session } from "./session.ts";
import { systemCommands } from "./system-commands.ts";
import { xlCommand } from "./xl-command.ts";

const commands: readonly Command[] = [
  ...fileCommands,
  ...processCommands,
  ...memoryCommands,
  ...segmentCommands,
  ...mountCommands,
  ...systemCommands,
  xlCommand,
  {
    name: "help",
    outside: true,
    usage: "help [COMMAND]",
    args: [0, 1],
    help: "list the commands, or explain one",
    run: help,
  },
];

/**
 * A console on a running guest: one command language for a shell, for the steps of a scenario, and for a page.
 *
 * ```text
 *   line ──splitCommandLine──► words ──► command ──► Guest, Host ──► output, errors, status
 *                                │                                   0  it worked
 *                                └ no such command, wrong arguments  1  the kernel refused, or a signal
 *                                                                    2  the line is wrong
 * ```
 *
 * It only calls what the guest and the host offer, and has no output of its own.
 */
export class Console {
  /** All commands, in the order of `help`. */
  static readonly commands: readonly Pick<Command, "name" | "usage" | "help">[] = commands;
  private readonly session: Session;

  /** @param guest - runs on `host`. */
  constructor(host: Host, guest: Guest) {
    this.session = new Session(host, guest);
  }

  /** Runs one line. Empty lines and comments do nothing. Nothing that can be typed throws. */
  run(line: string): CommandResult {
    const parts = splitCommandLine(line);
    if ("problem" in parts) return wrong(parts.problem, "COMMAND [ARGUMENT …] [> FILE]", "help lists the commands");
    const [name, ...args] = parts.words;
    if (name === undefined)
      return parts.target === undefined ? done() : wrong("no command before >", "a command", "help");
    const command = commandByName(name);
    if (command === undefined) return unknownCommand(name);
    const [least, most] = command.args;
    if (args.length < least || args.length > most) {
      return wrong(`${name}: wrong number of arguments`, command.usage, `help ${name} tells more`);
    }
    if (parts.target !== undefined && command.redirects !== true) {
      return wrong(
        `${name}: its output cannot be written to a file`,
        "> after echo only",
        `leave out > ${parts.target}`,
      );
    }
    if (command.outside !== true && this.session.guest.isSuspended()) {
      return wrong(`${name}: the guest is suspended`, "a guest that runs", "resume goes on");
    }
    return command.run(this.session, args, parts.target);
  }

  /** Completes the last word of a line that is not finished. */
  complete(line: string): Completion {
    return complete(this.session, commands, line);
  }
}

function commandByName(name: string): Command | undefined {
  return commands.find((command) => command.name === name);
}

function unknownCommand(name: string): CommandResult {
  const names = commands.map((command) => command.name);
  const meant = nearestName(name, names);
  return wrong(
    `${name}: there is no such command`,
    `one of ${names.join(", ")}`,
    meant === undefined ? "help explains them" : `did you mean ${meant}?`,
  );
}

function help(_: Session, [name]: readonly string[]): CommandResult {
  if (name === undefined) {
    const width = Math.max(...commands.map(({ usage }) => usage.length));
    return done(...commands.map((command) => `${command.usage.padEnd(width)}  ${command.help}`));
  }
  const command = commandByName(name);
  if (command === undefined) return unknownCommand(name);
  const { usage, help: line, details = [] } = command;
  return done(usage, `  ${line}`, ...details.map((detail) => `  ${detail}`));
}
