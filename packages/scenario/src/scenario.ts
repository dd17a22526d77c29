import type { SchemeName, XenVersion } from "@xsp/hypervisor";
import type { ProfileName } from "./cost-profile.ts";

/** What is to be run: everything a scenario file says, checked, with its defaults filled in and its units resolved. */
export interface Scenario {
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
    /** 32-bit style only: memory with a permanent kernel mapping. */
    readonly lowmemBytes?: number;
  };
  readonly pool: {
    readonly hugepages: number;
    /** Whether the pool marks each hugepage when it grows, where the scheme has marks. */
    readonly mark: boolean;
  };
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
  readonly profile: ProfileName;
}

export type GuestStyle = "64-bit" | "32-bit";
