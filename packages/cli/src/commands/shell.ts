import type { Command } from "commander";

const help = `
Without a terminal on stdin its lines are a script: each is shown after a prompt, so that the output reads like a session;
the first command that fails ends it. # begins a comment.

In the shell: help lists the commands, Tab completes, exit, quit or Ctrl-D leave.

Exit codes of a script: 0 every command worked, 1 an audit found differences, 2 a command line is wrong,
4 the guest's kernel refused a call or raised a signal. With --keep-going that of the first command that failed.

Examples:
  xsp shell fork-64g                                       host and guest booted; the rest is yours
  xsp shell fork-64g --scheme xen-4.1 --run                pool filled, region mapped and touched as the scenario says
  xsp shell fork-64g --set host.memory=512MiB --set guest.memory=256MiB --set pool.hugepages=32 --set process.region=64MiB
  echo 'cat /proc/meminfo' | xsp shell fork-64g
  xsp shell fork-64g --json < session.txt | jq .output
`;

interface ShellFlags {
  readonly scheme: string;
  readonly set: readonly string[];
  readonly run?: true;
  readonly keepGoing?: true;
  readonly json?: true;
}

/** Adds `xsp shell`. */
export function addShellCommand(program: Command): void {
  program
    .command("shell")
    .summary("type commands at a running guest: cat /proc/meminfo, fork, touch, audit, …")
    .description("Boots the host and the guest of a scenario under one scheme and takes commands for them.")
    .argument("<scenario>", "a shipped scenario (xsp scenario list) or a YAML or JSON file")
    .option("--scheme <name>", "the accounting scheme, or the file of one (./mine.js)", "sealed")
    .option(
      "--set <path=value>",
      "change a field of the scenario, such as guest.style=32-bit; repeatable",
      (value: string, before: readonly string[]) => [...before, value],
      [],
    )
    .option("--run", "begin with the scenario's set-up: its pool, its process, its region touched")
    .option("--keep-going", "go on with the script after a command that failed")
    .option("--json", "print one JSON object for each command")
    .addHelpText("after", help)
    .action(shellCommand);
}

async function shellCommand(nameOrFile: string, flags: ShellFlags): Promise<void> {
  const { Console, bootScenario, formatSize, readScenario, setUpLines } = await import("@xsp/scenario");
  const { findScenario } = await import("../scenario-source.ts");
  const { readSettings } = await import("../scenario-settings.ts");
  const { runScript } = await import("../shell-script.ts");
  const { runTerminal } = await import("../shell-terminal.ts");
  const { ShellPrinter } = await import("../shell-printer.ts");

  const { chooseSchemes } = await import("../scheme-file.ts");
  const [scheme = "sealed"] = (await chooseSchemes("--scheme", [flags.scheme])).names;
  const source = await findScenario(nameOrFile);
  const scenario = readScenario(source.text, { file: source.file, overrides: await readSettings(flags.set) });
  const { host, guest } = bootScenario(scenario, scheme);
  const console = new Console(host, guest);
  const printer = new ShellPrinter({ prompt: `${scheme}# `, json: flags.json === true });
  printer.note(
    `${scenario.name} under ${scheme}: a host of ${formatSize(scenario.host.memoryBytes)}, ` +
      `a ${scenario.guest.style} guest of ${formatSize(scenario.guest.memoryBytes)}`,
  );
  const begin = flags.run === true ? setUpLines(scenario) : [];
  const session = { console, printer, begin, keepGoing: flags.keepGoing === true };
  process.exitCode = process.stdin.isTTY
    ? await runTerminal(session, process.stdin, process.stdout)
    : await runScript(session, process.stdin);
}
