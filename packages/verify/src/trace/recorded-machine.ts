import type { TraceHeader, TraceMachineOptions } from "./trace-header.ts";

/** What the hypervisor has to be for a trace to be replayed on it. */
export interface RecordedMachine extends Omit<TraceMachineOptions, "guests" | "superpages" | "preemptEvery"> {
  /** A debug build: it refuses bit 62 in L1 entries. */
  readonly debugBuild: boolean;
}

const releases: readonly (readonly [prefix: RegExp, version: string, superpagesAllowed: boolean])[] = [
  [/^xen494-noallow-/, "xen-4.9", false],
  [/^xen494(probe)?-/, "xen-4.9", true],
  [/^xen417(probe)?-/, "xen-4.17", false],
  [/^xen460(probe)?-/, "xen-4.6", true],
];

/**
 * Holes that a recorded Xen still had, as far as a trace tells: 4.6.0 restricts linear page tables less than 4.9.4 does
 * (FORMAT.md). It had others; nothing that was recorded shows them, with the switches on or off.
 */
export function unfixedWhenRecorded(version: string): readonly string[] {
  return version === "xen-4.0" || version === "xen-4.6" ? ["XSA-240"] : [];
}

/**
 * Which Xen made a trace. Recorded traces say so by the first word of the file's name; traces of the adversary in their
 * header.
 *
 * @param file - name of the file, with or without folders.
 * @returns `undefined` when neither tells.
 */
export function recordedMachine(file: string, header: TraceHeader): RecordedMachine | undefined {
  if (header.machine !== undefined) return { ...header.machine, debugBuild: false };
  const name = file.split(/[/\\]/).at(-1) ?? file;
  const release = releases.find(([prefix]) => prefix.test(name));
  if (release === undefined) return undefined;
  const [, version, superpagesAllowed] = release;
  return {
    scheme: "xen-4.1",
    version,
    superpagesAllowed,
    superpageOrder: 9,
    tableOrder: 9,
    // Of the builds that were probed only that of 4.9.4 was a debug build.
    debugBuild: header.probe && version === "xen-4.9",
  };
}
