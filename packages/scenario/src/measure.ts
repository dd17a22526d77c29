import { costProfiles, type PricedEvent } from "./cost-profile.ts";
import type { EventName } from "./event-counts.ts";
import type { Quantity } from "./formula.ts";
import { isLoginStorm, type Scenario } from "./scenario.ts";
import type { OperationRun, SchemeRun, StepsRun } from "./scheme-run.ts";

/** The names of all events that are counted. */
export const eventNames: readonly EventName[] = [
  "pteWrites",
  ...(Object.keys(costProfiles["xeon-x5570-2009"].prices) as PricedEvent[]),
];

/** One measure of a run: what formulas know by its name. */
export interface Measure {
  readonly name: string;
  readonly meaning: string;
  /** The power of time in it: 1 for nanoseconds, 0 for counts. */
  readonly time: 0 | 1;
  /** Its value in a run; undefined when the run ended before it. */
  readonly of: (run: StepsRun) => number | undefined;
}

/** Measures of an operation that was counted alone. */
function operationMeasures(name: string, of: (run: StepsRun) => OperationRun | undefined): Measure[] {
  return [
    { name: `${name}.modelled`, meaning: "its modelled time", time: 1, of: (run) => of(run)?.modelledNs },
    ...eventNames.map((event): Measure => {
      const meaning = "how often it happened";
      return { name: `${name}.events.${event}`, meaning, time: 0, of: (run) => of(run)?.events[event] };
    }),
  ];
}

/** Measures that only a login storm has. */
function stormMeasures(): Measure[] {
  const storm = (run: StepsRun): SchemeRun => run as SchemeRun;
  return [
    ...operationMeasures("fork", (run) => storm(run).fork),
    ...operationMeasures("exec", (run) => storm(run).exec),
    { name: "logins.offered", meaning: "logins that arrived", time: 0, of: (run) => storm(run).logins.offered },
    { name: "logins.inTime", meaning: "answered by the deadline", time: 0, of: (run) => storm(run).logins.inTime },
    { name: "logins.deadline", meaning: "how long one waits", time: 1, of: (run) => storm(run).logins.deadlineNs },
    { name: "logins.last", meaning: "the last answer", time: 1, of: (run) => storm(run).logins.lastModelledNs },
    { name: "map.hugepages", meaning: "hugepages mapped", time: 0, of: (run) => storm(run).map.hugepages },
  ];
}

/** Every measure that the runs of a scenario have. */
export function measuresOf(scenario: Scenario): readonly Measure[] {
  return [
    ...(isLoginStorm(scenario) ? stormMeasures() : []),
    ...scenario.steps.flatMap(({ as }, at) =>
      as === undefined ? [] : operationMeasures(as, (run) => run.steps[at]?.operation),
    ),
    { name: "pool.hugepages", meaning: "in the pool before the steps", time: 0, of: ({ pool }) => pool.hugepages },
    { name: "pool.marked", meaning: "of them marked", time: 0, of: ({ pool }) => pool.marked },
    { name: "audit.differences", meaning: "miscounts found", time: 0, of: ({ audit }) => audit.differences },
    {
      name: "destroy.framesLost",
      meaning: "frames that did not come back",
      time: 0,
      of: ({ destroy }) => destroy.framesBefore - destroy.framesAfter,
    },
    ...Object.entries(scenario.let).map(([name, value]): Measure => {
      return { name, meaning: "set by the file", time: 0, of: () => value };
    }),
  ];
}

/** The value of a measure in a run, with its dimension. */
export function quantityOf(measure: Measure | undefined, run: StepsRun): Quantity | undefined {
  const value = measure?.of(run);
  return value === undefined || measure === undefined ? undefined : { value, time: measure.time };
}
