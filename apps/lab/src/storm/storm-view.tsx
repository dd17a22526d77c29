import { type SchemeRun, profileNames, schemeNames } from "@xsp/scenario";
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { noteInAddress } from "../location.ts";
import { MisreadNote } from "../misread-note.tsx";
import { RunProgress } from "../scenario/run-progress.tsx";
import { useSideBySide } from "../scenario/side-by-side.ts";
import { Select } from "../select.tsx";
import { sentence } from "../sentence.ts";
import { StormResult } from "./storm-result.tsx";
import { type StormSettings, deadlines, loginCounts, readStorm, regionSizes, stormFields } from "./storm-settings.ts";

/** What was run, and with what. */
interface PlayedStorm {
  readonly settings: StormSettings;
  readonly run: SchemeRun;
}

/** The login storm of the shipped scenario, with one or two schemes. */
export function StormView({ fields }: { fields: Readonly<Record<string, string>> }): VNode {
  const [settings, setSettings] = useState(() => readStorm(fields));
  const { standing, run, cancel } = useSideBySide<PlayedStorm>();
  useEffect(() => setSettings(readStorm(fields)), [fields]);
  const change = (part: Partial<Record<keyof StormSettings, string>>): void => {
    const next = readStorm({ ...stormFields(settings), ...part });
    setSettings(next);
    noteInAddress("storm", stormFields(next));
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
      <MisreadNote given={fields} understood={stormFields(readStorm(fields))} />
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          void run(settings.schemes, async (calls, scheme, onProgress) => {
            return { settings, run: await calls.call("run", { ...settings, scheme }, onProgress) };
          });
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
          <button type="button" onClick={cancel}>
            Cancel
          </button>
        ) : null}
      </form>
      {standing.kind === "running" ? <RunProgress schemes={standing.schemes} progress={standing.progress} /> : null}
      <p role="status">
        {standing.kind === "cancelled" ? "Cancelled." : null}
        {standing.kind === "failed" ? <span class="problem">{sentence(standing.message)}</span> : null}
        {standing.kind === "done" ? "Every login was a real fork and a real exec in the modelled guest." : null}
      </p>
      {standing.kind === "done" ? (
        <StormResult
          settings={standing.runs[0]?.settings ?? settings}
          runs={standing.runs.map((played) => played.run)}
        />
      ) : null}
    </section>
  );
}
