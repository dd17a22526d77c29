import { costProfiles, runScenario, ScenarioError } from "@xsp/scenario";
import { loadSchemeModules } from "./scheme-file.ts";
import type { SchemeAnswer, SchemeOrder } from "./scheme-message.ts";

// The program of a process that runs one scheme and ends. Started by scheme-process.ts.

function answer(message: SchemeAnswer, sent?: () => void): void {
  process.send?.(message, undefined, undefined, sent);
}

/** The last word: leaving before it is through would take it back. */
function finish(message: SchemeAnswer): void {
  answer(message, () => process.disconnect());
}

async function perform({ scenario, scheme, profile, modules = [] }: SchemeOrder): Promise<void> {
  try {
    await loadSchemeModules(modules);
    const run = runScenario(scenario, {
      scheme,
      profile: costProfiles[profile],
      now: () => Number(process.hrtime.bigint()),
      onProgress: (progress) => answer({ kind: "progress", progress }),
      // The kernel's own high-water mark: nothing that happens between two samples is missed.
      peakRss: () => process.resourceUsage().maxRSS * 1024,
    });
    finish({ kind: "done", run });
  } catch (error) {
    if (error instanceof ScenarioError) finish({ kind: "unplayable", problems: error.problems });
    else finish({ kind: "failed", stack: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

process.once("message", (message) => {
  void perform(message as SchemeOrder);
});
