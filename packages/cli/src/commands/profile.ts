import type { Command } from "commander";
import { UsageError } from "../usage-error.ts";

/** Adds `xsp profile`. */
export function addProfileCommand(program: Command): void {
  program
    .command("profile")
    .summary("show the cost profiles: what each counted event is priced at, and why")
    .description(
      "Modelled time is the number of counted events times the price of each. A profile holds these prices for one machine;\n" +
        "each says whether it was sourced (published or measured) or assumed, and how it was computed.",
    )
    .argument("[name]", "show this profile; without it, list them")
    .addHelpText("after", "\nExamples:\n  xsp profile\n  xsp profile xeon-x5570-2009\n")
    .action(showProfile);
}

async function showProfile(name: string | undefined): Promise<void> {
  const { alignColumns, costProfiles, nearestName, profileNames, shorten } = await import("@xsp/scenario");
  const out = (line: string): boolean => process.stdout.write(`${line}\n`);
  if (name === undefined) {
    for (const { name: known, title } of Object.values(costProfiles)) out(`${known.padEnd(18)}${title}`);
    return;
  }
  const known = profileNames.find((profile) => profile === name);
  if (known === undefined) {
    const meant = nearestName(name, profileNames);
    throw new UsageError(
      `${name}: there is no cost profile of that name`,
      `one of ${profileNames.join(", ")}`,
      meant === undefined ? "xsp profile lists them" : `did you mean ${meant}?`,
    );
  }
  const { title, basis, prices } = costProfiles[known];
  out(`${known}: ${title}`);
  for (const [heading, constants] of [
    ["what the machine takes", basis],
    ["what an event is priced at", Object.values(prices)],
  ] as const) {
    out(`\n${heading}`);
    const lines = alignColumns(constants.map((constant) => [`  ${constant.name}`, `${shorten(constant.ns)} ns`]));
    for (const [at, { kind, source, note }] of constants.entries()) {
      out(`${lines[at]}  ${kind}: ${source}`);
      out(`      ${note}`);
    }
  }
}
