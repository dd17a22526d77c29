import { dumpDomains } from "./domain-dump.ts";
import { dumpHeap, pagealloc } from "./heap-dump.ts";
import type { Host } from "./host.ts";
import { perfcPrintall, perfcReset } from "./perfc-print.ts";

/*
 * Debug keys: what `xl debug-keys KEY` has Xen print into its console ring.
 *
 * Source: `keyhandler.c` @ Xen 4.9. Only keys that have something to say about the accounting are there, with Xen's own
 * letters and descriptions. Simplified: no line tells the time, for a host has no clock.
 */

interface KeyHandler {
  /** What the help says. */
  readonly desc: string;
  /** Whether key `*` runs it too. */
  readonly diagnostic: boolean;
  readonly fn: (host: Host, key: string) => readonly string[];
}

const keyTable: Readonly<Record<string, KeyHandler>> = {
  "*": { desc: "print all diagnostics", diagnostic: false, fn: runAllKeyhandlers },
  H: { desc: "dump heap info", diagnostic: true, fn: dumpHeap },
  P: { desc: "reset performance counters", diagnostic: false, fn: perfcReset },
  h: { desc: "show this message", diagnostic: false, fn: showHandlers },
  m: { desc: "memory info", diagnostic: true, fn: pagealloc },
  p: { desc: "print performance counters", diagnostic: true, fn: perfcPrintall },
  q: { desc: "dump domain (and guest debug) info", diagnostic: true, fn: dumpDomains },
};

function showHandlers(_host: Host, key: string): readonly string[] {
  const handlers = Object.entries(keyTable).map(
    ([letter, { desc }]) => ` key '${letter}' (ascii '${letter.charCodeAt(0).toString(16)}') => ${desc}`,
  );
  return [`'${key}' pressed -> showing installed handlers`, ...handlers];
}

function runAllKeyhandlers(host: Host, key: string): readonly string[] {
  const diagnostics = Object.entries(keyTable).filter(([, { diagnostic }]) => diagnostic);
  return [
    `'${key}' pressed -> firing all diagnostic keyhandlers`,
    ...diagnostics.flatMap(([letter, { desc, fn }]) => [`[${letter}: ${desc}]`, ...fn(host, letter)]),
  ];
}

/**
 * Presses a debug key.
 *
 * @returns the lines that Xen prints, without the prefix `(XEN)`; none for a key that has no handler, as in Xen.
 *
 * Source: `keyhandler.c`; Models: handle_keypress @ Xen 4.9. Cost: key `m`, `H`: O(superpages); `q`: O(frames) where a
 * domain has fewer than 10 pages. Nothing changes but what `P` resets.
 */
export function keyHandler(host: Host, key: string): readonly string[] {
  return Object.hasOwn(keyTable, key) ? (keyTable[key] as KeyHandler).fn(host, key) : [];
}
