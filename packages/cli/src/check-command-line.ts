import { boundsChange, type CheckFlags } from "./check-plan.ts";
import { shellWord } from "./shell-word.ts";

/** What a command line leaves out or adds, compared to the one that was typed. */
export interface CommandLineChange {
  /** Limits that are not to be repeated. */
  readonly withoutLimits?: boolean;
  readonly resume?: string;
}

/** The command that makes a check again, or goes on with it. */
export function checkCommandLine(
  name: string | undefined,
  flags: CheckFlags & { readonly format: string },
  { withoutLimits = false, resume }: CommandLineChange = {},
): string {
  const words = ["xsp", "check", name ?? "--all"];
  for (const scheme of flags.scheme) words.push("--scheme", scheme);
  for (const property of flags.property) words.push("--property", property);
  for (const [bound, value] of Object.entries(boundsChange(flags))) words.push(`--${bound}`, String(value));
  if (flags.reduction !== "independent") words.push("--reduction", flags.reduction);
  if (!withoutLimits) {
    if (flags.states !== undefined) words.push("--states", String(flags.states));
    const time = flags.time ?? flags.budget;
    if (time !== undefined) words.push("--time", time);
    if (flags.memory !== undefined) words.push("--memory", flags.memory);
  }
  if (resume !== undefined) words.push("--resume", resume);
  if (flags.format !== "text") words.push("--format", flags.format);
  return words.map(shellWord).join(" ");
}
