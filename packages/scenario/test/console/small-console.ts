import { type Guest, type GuestOptions, bootGuest } from "@xsp/guest";
import { type Host, type SchemeName, createHost } from "@xsp/hypervisor";
import { Console } from "../../src/index.ts";

/** A console on a guest of 64 MiB. */
export interface SmallConsole {
  readonly host: Host;
  readonly guest: Guest;
  readonly console: Console;
}

/** Boots a guest of 64 MiB for a console. */
export function openConsole(scheme: SchemeName = "sealed", options: GuestOptions = {}): SmallConsole {
  const host = createHost({ frames: 64 * 256 + 1024, scheme });
  const guest = bootGuest(host, { memoryMiB: 64, ...options });
  return { host, guest, console: new Console(host, guest) };
}

/** Runs lines that are expected to work. Returns what the last one prints. */
export function runAll(console: Console, lines: readonly string[]): readonly string[] {
  let output: readonly string[] = [];
  for (const line of lines) {
    const result = console.run(line);
    if (result.status !== 0) throw new Error(`${line}: ${result.errors.join("\n")}`);
    ({ output } = result);
  }
  return output;
}
