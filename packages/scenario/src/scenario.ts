import type { SchemeName, XenVersion } from "@xsp/hypervisor";
import type { ProfileName } from "./cost-profile.ts";
import type { Expectation, PublishedFigure } from "./expectation.ts";
import type { Step } from "./step.ts";

/** What every scenario says, checked, with its defaults filled in and its units resolved. */
export interface ScenarioSetup {
  readonly name: string;
  readonly description: string;
  readonly host: {
    readonly memoryBytes: number;
    readonly version: XenVersion;
    /** log2 of a superpage in 4 KiB frames. */
    readonly superpageOrder: number;
  };
  /** In the order in which they are run and shown. */
  readonly schemes: readonly SchemeName[];
  readonly guest: {
    readonly style: GuestStyle;
    readonly memoryBytes: number;
    /** 32-bit style only: memory with a permanent kernel mapping; absent: what Xen's hole leaves. */
    readonly lowmemBytes?: number;
    /** Whether Xen gives memory in extents of 2 MiB, or frame by frame and in no order. */
    readonly populate: "superpages" | "pages";
    /** Whether the balloon works in units of 2 MiB. */
    readonly balloonHugepages: boolean;
  };
  readonly pool: {
    readonly hugepages: number;
    /** Whether the pool marks each hugepage when it grows, where the scheme has marks. */
    readonly mark: boolean;
  };
  /** Names of the file's own for numbers; sizes in bytes. */
  readonly let: Readonly<Record<string, number>>;
  /** What an operator types, in this order. */
  readonly steps: readonly Step[];
  readonly expect: readonly Expectation[];
  readonly published: readonly PublishedFigure[];
  readonly profile: ProfileName;
}

/** A scenario that answers logins by fork and exec, and may go on with steps while the sessions live. */
export interface LoginStorm extends ScenarioSetup {
  readonly process: {
    readonly regionBytes: number;
    readonly shared: boolean;
  };
  readonly workload: {
    readonly kind: "login-storm";
    /** All of them arrive at time 0. */
    readonly logins: number;
    readonly spawner: "serial";
    readonly answer: "fork+exec";
  };
  /** How long a client waits for the answer to its login. */
  readonly deadlineNs: number;
}

/** A scenario that consists of its steps. */
export interface StepScenario extends ScenarioSetup {
  readonly process?: undefined;
  readonly workload?: undefined;
  readonly deadlineNs?: undefined;
}

/** What is to be run. */
export type Scenario = LoginStorm | StepScenario;

/** Tells the two kinds of scenario apart. */
export function isLoginStorm(scenario: Scenario): scenario is LoginStorm {
  return scenario.workload !== undefined;
}

export type GuestStyle = "64-bit" | "32-bit";
