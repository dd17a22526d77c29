import { type RunProgress, type SchemeRun, formatCount, phaseNames, profileNames, schemeNames } from "@xsp/scenario";
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { noteInAddress } from "../location.ts";
import { scenarioCalls } from "../model/scenario-calls.ts";
import { CallCancelled } from "../model/worker-calls.ts";
import { Select } from "../select.tsx";
import { sentence } from "../sentence.ts";
import { StormResult } from "./storm-result.tsx";
import { type StormSettings, deadlines, loginCounts, readStorm, regionSizes, stormFields } from "./storm-settings.ts";

type Standing =
  | { readonly kind: "idle" }
  | { readonly kind: "running"; readonly progress: readonly (RunProgress | undefined)[] }
  | { readonly kind: "done"; readonly settings: StormSettings; readonly runs: readonly SchemeRun[] }
  | { readonly kind: "cancelled" }
  | { readonly kind: "failed"; readonly message: string };

/** The login storm of the shipped scenario, with one or two schemes. */
export function StormView({ fields }: { fields: Readonly<Record<string, string>> }): VNode {
  const [settings, setSettings] = useState(() => readStorm(fields));
  const [standing, setStanding] = useState<Standing>({ kind: "idle" });
  const calls = useRef<ReturnType<typeof scenarioCalls>[]>([]);
  const end = (): void => {
    for (const each of calls.current) each.cancel();
    calls.current = [];
  };
  useEffect(() => end, []);
  useEffect(() => setSettings(readStorm(fields)), [fields]);
  const change = (part: Partial<Record<keyof StormSettings, string>>): void => {
    const next = readStorm({ ...stormFields(settings), ...part });
    setSettings(next);
    noteInAddress("storm", stormFields(next));
  };

  const run = async (): Promise<void> => {
    end();
    const progress: (RunProgress | undefined)[] = settings.schemes.map(() => undefined);
    setStanding({ kind: "running", progress });
    try {
      const runs = await Promise.all(
        settings.schemes.map((scheme, index) => {
          const each = scenarioCalls();
          calls.current.push(each);
          return each.call("run", { ...settings, scheme }, (value) => {
            progress[index] = value;
            setStanding({ kind: "running", progress: [...progress] });
          });
        }),
      );
      setStanding({ kind: "done", settings, runs });
    } catch (error) {
      if (error instanceof CallCancelled) setStanding({ kind: "cancelled" });
      else setStanding({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    }
    end();
  };

  const [first = "per-frame", second = ""] = settings.schemes;
  const isRunning = standing.kind === "running";
  return (
    <section class="page">
      <h1>Play a storm</h1>
      <p class="lead">
        A process maps a region of hugepages. Clients log in, all at once; it answers one after another, and each answer
        is a fork of the process and an exec in the child. A client waits so long and no longer.
      </p>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <Select
          label="Scheme"
          value={first}
          options={schemeNames}
          onChange={(value) => change({ schemes: `${value},${second}` })}
        />
        <Select
          label="beside"
          value={second}
          options={["", ...schemeNames]}
          empty="nothing"
          onChange={(value) => change({ schemes: `${first},${value}` })}
        />
        <Select
          label="Region"
          value={String(settings.gib)}
          options={regionSizes.map(String)}
          unit=" GiB"
          onChange={(gib) => change({ gib })}
        />
        <Select
          label="Logins"
          value={String(settings.logins)}
          options={loginCounts.map(String)}
          onChange={(logins) => change({ logins })}
        />
        <Select
          label="A client waits"
          value={settings.deadline}
          options={deadlines}
          onChange={(deadline) => change({ deadline })}
        />
        <Select
          label="Priced as on"
          value={settings.profile}
          options={profileNames}
          onChange={(profile) => change({ profile })}
        />
        <button type="submit" class="main" disabled={isRunning}>
          Run
        </button>
        {isRunning ? (
          <button type="button" onClick={end}>
            Cancel
          </button>
        ) : null}
      </form>
      {standing.kind === "running" ? <Progress settings={settings} progress={standing.progress} /> : null}
      <p role="status">
        {standing.kind === "cancelled" ? "Cancelled." : null}
        {standing.kind === "failed" ? <span class="problem">{sentence(standing.message)}</span> : null}
        {standing.kind === "done" ? "Every login was a real fork and a real exec in the modelled guest." : null}
      </p>
      {standing.kind === "done" ? <StormResult settings={standing.settings} runs={standing.runs} /> : null}
    </section>
  );
}

interface ProgressProps {
  readonly settings: StormSettings;
  readonly progress: readonly (RunProgress | undefined)[];
}

function Progress({ settings, progress }: ProgressProps): VNode {
  return (
    <div class="progress">
      {settings.schemes.map((scheme, index) => {
        const at = progress[index];
        const phase = at === undefined ? 0 : phaseNames.indexOf(at.phase);
        const done = at === undefined ? 0 : (phase + at.done / Math.max(1, at.total)) / phaseNames.length;
        return (
          <label key={scheme}>
            <code>{scheme}</code>
            <progress max={1} value={done} />
            <span class="small">
              {at === undefined ? "begins" : at.phase}
              {at !== undefined && at.phase === "logins" ? `, ${formatCount(at.done)} of ${formatCount(at.total)}` : ""}
            </span>
          </label>
        );
      })}
    </div>
  );
}
