import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { noteInAddress } from "../location.ts";
import { type MachineAction, machineActions } from "../model/machine-actions.ts";
import { machineCalls } from "../model/machine-calls.ts";
import type { MachineState } from "../model/machine-session.ts";
import { sentence } from "../sentence.ts";
import { CallCancelled } from "../model/worker-calls.ts";
import { FrameMap } from "./frame-map.tsx";
import { Ledger } from "./ledger.tsx";
import { type BenchSettings, benchFields } from "./bench-settings.ts";
import { schemeSource } from "./own-schemes.ts";

const actionNames: Readonly<Record<MachineAction, string>> = {
  pool: "Fill the pool",
  map: "Map the region",
  fork: "Fork",
  exec: "Exec in the child",
  exit: "End the child",
  audit: "Audit the counts",
};

const underWay: Readonly<Record<MachineAction | "boot", string>> = {
  boot: "Building and booting",
  pool: "Filling the pool",
  map: "Mapping the region and touching all of it",
  fork: "Forking",
  exec: "Doing exec",
  exit: "Ending the child",
  audit: "Recounting everything",
};

type Standing =
  | { readonly kind: "busy"; readonly action: MachineAction | "boot" }
  | { readonly kind: "idle" }
  | { readonly kind: "cancelled" }
  | { readonly kind: "failed"; readonly message: string };

/** Machines, each in a worker of its own, to which the same is done at the same time. */
export function Bench({ settings }: { settings: BenchSettings }): VNode {
  const { schemes, gib, profile } = settings;
  const calls = useRef(schemes.map(() => machineCalls()));
  const [states, setStates] = useState<readonly MachineState[]>([]);
  const [standing, setStanding] = useState<Standing>({ kind: "busy", action: "boot" });
  const actions = useRef<MachineAction[]>([]);

  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      setStanding({ kind: "idle" });
    } catch (error) {
      if (error instanceof CallCancelled) setStanding({ kind: "cancelled" });
      else setStanding({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    }
  };

  const act = async (action: MachineAction): Promise<void> => {
    setStanding({ kind: "busy", action });
    setStates(await Promise.all(calls.current.map((each) => each.call("act", action))));
    actions.current.push(action);
    noteInAddress("machine", benchFields({ ...settings, actions: actions.current }));
  };

  const build = async (): Promise<void> => {
    setStanding({ kind: "busy", action: "boot" });
    actions.current = [];
    setStates(
      await Promise.all(
        calls.current.map(async (each, index) => {
          const scheme = schemes[index] ?? "sealed";
          const source = schemeSource(scheme);
          if (source !== undefined) await each.call("addScheme", source);
          return each.call("build", { scheme, gib, profile });
        }),
      ),
    );
  };

  useEffect(() => {
    const { current } = calls;
    void attempt(async () => {
      await build();
      // What the link says was done is done again: the model does the same each time.
      for (const action of settings.actions) await act(action);
    });
    return () => {
      for (const each of current) each.cancel();
    };
  }, []);

  const cancel = (): void => {
    setStates([]);
    for (const each of calls.current) each.cancel();
  };
  const able = states[0]?.able ?? [];
  const isBusy = standing.kind === "busy";
  return (
    <>
      <div class="actions toolbar" role="group" aria-label="What to do with the machines">
        {machineActions.map((action) => (
          <button
            type="button"
            key={action}
            class={action === able[0] && action !== "audit" ? "main" : ""}
            disabled={isBusy || !able.includes(action)}
            onClick={() => void attempt(() => act(action))}
          >
            {actionNames[action]}
          </button>
        ))}
        {isBusy ? (
          <button type="button" onClick={cancel}>
            Cancel
          </button>
        ) : null}
      </div>
      <p class="standing" role="status">
        <StandingText standing={standing} states={states} />
        {standing.kind === "cancelled" ? (
          <button type="button" onClick={() => void attempt(build)}>
            Build again
          </button>
        ) : null}
      </p>
      {states.length === 0 ? null : (
        <>
          <Ledger states={states} />
          <div class="panes">
            {states.map((state, index) => (
              <FrameMap key={index} state={state} calls={calls.current[index]!} />
            ))}
          </div>
        </>
      )}
    </>
  );
}

function StandingText({ standing, states }: { standing: Standing; states: readonly MachineState[] }): VNode {
  switch (standing.kind) {
    case "busy":
      return <span class="busy">{underWay[standing.action]} …</span>;
    case "cancelled":
      return <span>Cancelled: the machines are gone. </span>;
    case "failed":
      return <span class="problem">That did not work: {standing.message}.</span>;
    case "idle": {
      const said = states.map(({ done }) => done.at(-1)?.said ?? "");
      const [first = ""] = said;
      if (said.every((each) => each === first)) return <span>{sentence(first)}</span>;
      return <span>{states.map(({ settings }, index) => `${settings.scheme}: ${said[index]}`).join("; ")}.</span>;
    }
  }
}
