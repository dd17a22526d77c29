import { describeFrame, errnoName, type Host, mfn as toMfn } from "@xsp/hypervisor";

/** The frame's words as the check saw them, where the hypervisor keeps them. */
interface SeenWords {
  readonly count?: number;
  readonly type?: number;
}

/** Prints the check that refused last, and the words of the frame that it saw; `undefined` when nothing was refused. */
export function refusalText(host: Host): string | undefined {
  const refusal = host.lastRefusal;
  if (refusal === undefined) return undefined;
  const { check, mfn, rc, count, type } = refusal as typeof refusal & SeenWords;
  const answer = rc === 0 ? "" : `, ${errnoName(rc)}`;
  if (count === undefined || type === undefined) {
    return `"${check}"${answer}; its frame is now ${describeFrame(host, toMfn(mfn))}`;
  }
  const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");
  return `"${check}"${answer}: saw mfn=${mfn.toString(16)} caf=${hex(count)} taf=${hex(type)}`;
}
