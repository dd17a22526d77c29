import { type SchemeName, formatSize, schemeNames } from "@xsp/scenario";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { noteInAddress } from "../location.ts";
import { scenarioCalls } from "../model/scenario-calls.ts";
import type { PlayedScenario } from "../model/scenario-worker.ts";
import { useAnswer } from "../model/use-answer.ts";
import { MisreadNote } from "../misread-note.tsx";
import { Select } from "../select.tsx";
import { sentence } from "../sentence.ts";
import { RunProgress } from "./run-progress.tsx";
import { useSideBySide } from "./side-by-side.ts";
import { Transcript } from "./transcript.tsx";

/** What a link that says nothing leads to. */
const USUAL = "pool-shrink";
const USUAL_SCHEMES = "per-frame,sealed";

/** A scenario that consists of steps, under one or two schemes. */
export function ScenarioView({ fields }: { fields: Readonly<Record<string, string>> }): VNode {
  const [asked, setAsked] = useState(fields["name"] ?? USUAL);
  const [schemes, setSchemes] = useState(() => schemesOf(fields["schemes"] ?? USUAL_SCHEMES));
  const { standing, run, cancel, clear } = useSideBySide<PlayedScenario>();
  const list = useAnswer(async () => {
    const own = scenarioCalls();
    const found = await own.call("stepScenarios", undefined);
    own.cancel();
    return found;
  }, []);
  const scenarios = list.state === "answered" ? list.value : [];
  // Until the list is there, a link is taken at its word.
  const chosen = scenarios.find((each) => each.name === asked) ?? scenarios.find((each) => each.name === USUAL);
  const name = chosen?.name ?? asked;
  const change = (nextName: string, nextSchemes: readonly SchemeName[]): void => {
    clear();
    setAsked(nextName);
    setSchemes(nextSchemes);
    noteInAddress("scenario", { name: nextName, schemes: nextSchemes.join(",") });
  };
  const [first = "per-frame", second = ""] = schemes;
  return (
    <section class="page">
      <h1>Play a scenario</h1>
      <p class="lead">The scenarios that come with XSP, command by command, under one scheme or two.</p>
      <MisreadNote
        given={fields}
        understood={{
          name: list.state === "answered" && scenarios.every((each) => each.name !== fields["name"]) ? USUAL : asked,
          schemes: schemesOf(fields["schemes"] ?? USUAL_SCHEMES).join(","),
        }}
      />
      <form
        class="row scenario-choice"
        onSubmit={(event) => {
          event.preventDefault();
          void run(schemes, (calls, scheme, onProgress) => calls.call("play", { name, scheme }, onProgress));
        }}
      >
        <Select
          label="Scenario"
          value={name}
          options={scenarios.length === 0 ? [name] : scenarios.map((each) => each.name)}
          onChange={(value) => change(value, schemes)}
        />
        <Select
          label="Scheme"
          value={first}
          options={schemeNames}
          onChange={(value) => change(name, schemesOf(`${value},${second}`))}
        />
        <Select
          label="beside"
          value={second}
          options={["", ...schemeNames]}
          empty="nothing"
          onChange={(value) => change(name, schemesOf(`${first},${value}`))}
        />
        <button type="submit" class="main" disabled={standing.kind === "running"}>
          Run
        </button>
        {standing.kind === "running" ? (
          <button type="button" onClick={cancel}>
            Cancel
          </button>
        ) : null}
      </form>
      {chosen === undefined ? null : (
        <p>
          {sentence(chosen.description)} Its host has {formatSize(chosen.memoryBytes)}.
        </p>
      )}
      {standing.kind === "running" ? <RunProgress schemes={standing.schemes} progress={standing.progress} /> : null}
      <p role="status">
        {standing.kind === "cancelled" ? "Cancelled." : null}
        {standing.kind === "failed" ? <span class="problem">{sentence(standing.message)}</span> : null}
      </p>
      {standing.kind === "done" ? (
        <div class="panes">
          {standing.runs.map((played) => (
            <Transcript key={played.run.scheme} played={played} />
          ))}
        </div>
      ) : null}
      <p class="small">
        Each scheme has a host of its own in this page. The larger the host, the more of the browser&rsquo;s own memory
        that takes, some 11 bytes for each frame of 4 KiB and what the guest&rsquo;s page tables hold; a host of 1 TiB
        is for the command line: <code>xsp run host-1t</code>.
      </p>
    </section>
  );
}

/** One or two schemes out of a list with commas; what there is not is left out. */
function schemesOf(text: string): readonly SchemeName[] {
  const names = text.split(",").flatMap((each) => schemeNames.filter((name) => name === each));
  const different = [...new Set(names)].slice(0, 2);
  return different.length === 0 ? ["per-frame", "sealed"] : different;
}
