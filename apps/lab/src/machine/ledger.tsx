import { type EventName, formatCount, formatDuration } from "@xsp/scenario";
import type { VNode } from "preact";
import type { MachineState } from "../model/machine-session.ts";

/** What the events are called here, in the order in which they are shown. */
const eventNames: Readonly<Partial<Record<EventName, string>>> = {
  hypercalls: "entries into Xen",
  pteWrites: "page-table entries written",
  frameGets: "general references taken on frames of superpages",
  typeGets: "type references taken on frames of superpages",
  framePuts: "general references given back",
  typePuts: "type references given back",
  superpageGets: "superpages counted up",
  superpagePuts: "superpages counted down",
  validations: "page tables validated",
  invalidations: "page tables invalidated",
  tlbFlushes: "TLB flushes",
};

const actionTitles: Readonly<Record<string, string>> = {
  boot: "boot",
  pool: "fill the pool",
  map: "map the region",
  fork: "fork",
  exec: "exec",
  exit: "exit",
  audit: "audit",
};

/** What the last action was counted at, and what all of them come to in modelled time. */
export function Ledger({ states }: { states: readonly MachineState[] }): VNode {
  const last = states[0]?.done.at(-1)?.action ?? "boot";
  const rows = (Object.keys(eventNames) as EventName[]).filter((name) =>
    states.some(({ done }) => (done.at(-1)?.events[name] ?? 0) > 0),
  );
  return (
    <div class="ledgers">
      <div class="scroll" tabIndex={0} role="region" aria-label="What the last action was counted at">
        <table class="ledger">
          <caption>
            The last action: <strong>{actionTitles[last]}</strong>
          </caption>
          <Head states={states} first="counted" />
          <tbody>
            {rows.map((name) => (
              <tr key={name}>
                <th scope="row">{eventNames[name]}</th>
                {states.map(({ done, settings }) => (
                  <td key={settings.scheme}>{formatCount(done.at(-1)?.events[name] ?? 0)}</td>
                ))}
              </tr>
            ))}
            <tr class="sum">
              <th scope="row">modelled, {states[0]?.settings.profile}</th>
              {states.map(({ done, settings }) => (
                <td key={settings.scheme}>{formatDuration(done.at(-1)?.modelledNs ?? 0)}</td>
              ))}
            </tr>
            <tr>
              <th scope="row">wall time in this page</th>
              {states.map(({ done, settings }) => (
                <td key={settings.scheme}>{formatDuration(done.at(-1)?.wallNs ?? 0)}</td>
              ))}
            </tr>
          </tbody>
        </table>
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-label="The modelled clock">
        <table class="ledger">
          <caption>The modelled clock</caption>
          <Head states={states} first="done" />
          <tbody>
            {(states[0]?.done ?? []).map(({ action }, index) => (
              <tr key={index}>
                <th scope="row">{actionTitles[action]}</th>
                {states.map(({ done, settings }) => (
                  <td key={settings.scheme}>{formatDuration(done[index]?.modelledNs ?? 0)}</td>
                ))}
              </tr>
            ))}
            <tr class="sum">
              <th scope="row">in all</th>
              {states.map(({ modelledNs, settings }) => (
                <td key={settings.scheme}>{formatDuration(modelledNs)}</td>
              ))}
            </tr>
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Head({ states, first }: { states: readonly MachineState[]; first: string }): VNode {
  return (
    <thead>
      <tr>
        <th scope="col">{first}</th>
        {states.map(({ settings }) => (
          <th scope="col" key={settings.scheme}>
            {settings.scheme}
          </th>
        ))}
      </tr>
    </thead>
  );
}
