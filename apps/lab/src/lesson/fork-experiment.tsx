import { type SchemeName, formatCount, formatDuration } from "@xsp/scenario";
import type { VNode } from "preact";
import { useRef } from "preact/hooks";
import { machineCalls } from "../model/machine-calls.ts";
import type { FrameWords, MachineState } from "../model/machine-session.ts";
import { writeFragment } from "../route.ts";
import { Experiment } from "./experiment.tsx";

/** GiB of the hosts here: enough to see, and built in a second. */
const GIB = 4;
/** Marked and mapped like any other, in the middle of memory. */
const SOME_FRAME = (GIB * 2 ** 30) / 4096 / 2 + 7;

interface ForkRun {
  readonly state: MachineState;
  /** A frame of the region before the fork and after it. */
  readonly before: FrameWords;
  readonly after: FrameWords;
}

function useMachines(schemes: readonly SchemeName[]): { run: () => Promise<ForkRun[]>; end: () => void } {
  const calls = useRef<ReturnType<typeof machineCalls>[]>([]);
  const end = (): void => {
    for (const each of calls.current) each.cancel();
    calls.current = [];
  };
  const run = async (): Promise<ForkRun[]> => {
    end();
    const runs = await Promise.all(
      schemes.map(async (scheme) => {
        const each = machineCalls();
        calls.current.push(each);
        await each.call("build", { scheme, gib: GIB, profile: "xeon-x5570-2009" });
        await each.call("act", "pool");
        await each.call("act", "map");
        const before = await each.call("frame", SOME_FRAME);
        const state = await each.call("act", "fork");
        return { state, before, after: await each.call("frame", SOME_FRAME) };
      }),
    );
    end();
    return runs;
  };
  return { run, end };
}

/** A fork under each scheme, and what it was counted at. */
export function ForkExperiment({ schemes }: { schemes: readonly SchemeName[] }): VNode {
  const { run, end } = useMachines(schemes);
  return (
    <Experiment
      name={schemes.length === 1 ? "Fork it" : "Fork under both"}
      run={run}
      end={end}
      show={(runs) => (
        <>
          <Counted runs={runs} />
          <AtFullSize runs={runs} />
        </>
      )}
    />
  );
}

/** The same at the size of the story. */
function AtFullSize({ runs }: { runs: readonly ForkRun[] }): VNode {
  const schemes = runs.map(({ state }) => state.settings.scheme).join(",");
  return (
    <p>
      <a href={writeFragment("machine", { schemes, gib: 64, do: "pool,map,fork" })}>The same on a host of 64 GiB</a>,
      which takes some seconds and {runs.length === 1 ? "some 600 MiB" : "1.2 GiB"} of memory.
    </p>
  );
}

function Counted({ runs }: { runs: readonly ForkRun[] }): VNode {
  const rows: readonly (readonly [string, (run: ForkRun) => string])[] = [
    ["hugepages that the process maps", ({ state }) => formatCount(state.pool.total)],
    ["of them marked", ({ state }) => formatCount(state.pool.marked)],
    ["fork: general references taken on frames", ({ state }) => formatCount(state.done.at(-1)?.events.frameGets ?? 0)],
    ["fork: type references taken on frames", ({ state }) => formatCount(state.done.at(-1)?.events.typeGets ?? 0)],
    ["fork: superpages counted up", ({ state }) => formatCount(state.done.at(-1)?.events.superpageGets ?? 0)],
    ["fork, modelled for a Xeon X5570 of 2009", ({ state }) => formatDuration(state.done.at(-1)?.modelledNs ?? 0)],
  ];
  return (
    <table class="ledger">
      <caption>A host of {GIB} GiB, one fork</caption>
      <thead>
        <tr>
          <th scope="col">counted</th>
          {runs.map(({ state }) => (
            <th scope="col" key={state.settings.scheme}>
              {state.settings.scheme}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {runs.map((run) => (
              <td key={run.state.settings.scheme}>{value(run)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What a fork does to the words of one frame. */
export function FrameExperiment(): VNode {
  const { run, end } = useMachines(["per-frame"]);
  return (
    <Experiment
      name="Look at one frame before and after the fork"
      run={run}
      end={end}
      show={([done]) =>
        done === undefined ? null : (
          <dl class="frame-card">
            <dt>Frame {formatCount(done.before.frame)} before the fork</dt>
            <dd>
              <code>{done.before.text}</code>
            </dd>
            <dt>and after it</dt>
            <dd>
              <code>{done.after.text}</code>
            </dd>
          </dl>
        )
      }
    />
  );
}
