import { type SchemeName, schemeNames } from "@xsp/scenario";
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { noteInAddress } from "../location.ts";
import { scenarioCalls } from "../model/scenario-calls.ts";
import type { PlayedScenario } from "../model/scenario-worker.ts";
import { useAnswer } from "../model/use-answer.ts";
import { CallCancelled } from "../model/worker-calls.ts";
import { Select } from "../select.tsx";
import { sentence } from "../sentence.ts";
import { Transcript } from "./transcript.tsx";

type Standing =
  | { readonly kind: "idle" | "running" | "cancelled" }
  | { readonly kind: "done"; readonly played: readonly PlayedScenario[] }
  | { readonly kind: "failed"; readonly message: string };

/** A scenario that consists of steps, under one or two schemes. */
export function ScenarioView({ fields }: { fields: Readonly<Record<string, string>> }): VNode {
  const [name, setName] = useState(fields["name"] ?? "pool-shrink");
  const [schemes, setSchemes] = useState(() => schemesOf(fields["schemes"] ?? "per-frame,sealed"));
  const [standing, setStanding] = useState<Standing>({ kind: "idle" });
  const calls = useRef<ReturnType<typeof scenarioCalls>[]>([]);
  const list = useAnswer(async () => {
    const own = scenarioCalls();
    const found = await own.call("stepScenarios", undefined);
    own.cancel();
    return found;
  }, []);
  const scenarios = list.state === "answered" ? list.value : [];
  const chosen = scenarios.find((each) => each.name === name);
  const end = (): void => {
    for (const each of calls.current) each.cancel();
    calls.current = [];
  };
  useEffect(() => end, []);
  const change = (nextName: string, nextSchemes: readonly SchemeName[]): void => {
    end();
    setName(nextName);
    setSchemes(nextSchemes);
    setStanding({ kind: "idle" });
    noteInAddress("scenario", { name: nextName, schemes: nextSchemes.join(",") });
  };
  const run = async (): Promise<void> => {
    end();
    setStanding({ kind: "running" });
    try {
      const played = await Promise.all(
        schemes.map((scheme) => {
          const each = scenarioCalls();
          calls.current.push(each);
          return each.call("play", { name, scheme });
        }),
      );
      setStanding({ kind: "done", played });
    } catch (error) {
      if (error instanceof CallCancelled) setStanding({ kind: "cancelled" });
      else setStanding({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    }
    end();
  };

  const [first = "per-frame", second = ""] = schemes;
  return (
    <section class="page">
      <h1>Play a scenario</h1>
      <p class="lead">
        {chosen === undefined ? "The scenarios that come with XSP, command by command." : sentence(chosen.description)}
      </p>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
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
          <button type="button" onClick={end}>
            Cancel
          </button>
        ) : null}
      </form>
      <p role="status">
        {standing.kind === "running" ? "It runs …" : null}
        {standing.kind === "cancelled" ? "Cancelled." : null}
        {standing.kind === "failed" ? <span class="problem">{sentence(standing.message)}</span> : null}
      </p>
      {standing.kind === "done" ? (
        <div class="panes">
          {standing.played.map((played) => (
            <Transcript key={played.run.scheme} played={played} />
          ))}
        </div>
      ) : null}
      <p class="small">
        A scenario whose host is larger than 17 GiB is for the command line: <code>xsp run host-1t</code>.
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
