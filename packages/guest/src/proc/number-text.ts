/**
 * Numbers in what user space writes. [L39 kernel/sysctl.c, lib/vsprintf.c]
 *
 * Each returns undefined where the kernel answers −EINVAL.
 */

/** What a write to a number under /proc/sys says: `keep` when it is understood and changes nothing. */
export type SysctlValue = number | "keep" | undefined;

/**
 * `proc_doulongvec_minmax`: white space, a number in C's notation, white space. What follows is not read. A number with a
 * minus is passed over, and so is an empty write.
 */
export function procDoulongvecMinmax(text: string): SysctlValue {
  if (text === "") return "keep";
  const [, minus, digits] = /^\s*(-?)(0[xX][0-9a-fA-F]+|\d+)(?:[ \t\n]|$)/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const value = simpleStrtoul(digits);
  if (value === undefined) return undefined;
  return minus === "-" ? "keep" : value;
}

/** `strict_strtoul` with base 10: digits, and one newline at most. */
export function strictStrtoul(text: string): number | undefined {
  return /^\d+\n?$/.test(text) ? Number.parseInt(text, 10) : undefined;
}

/** `simple_strtoul` with base 0: 0x is hexadecimal, 0 octal. */
function simpleStrtoul(digits: string): number | undefined {
  if (/^0x/i.test(digits)) return Number.parseInt(digits, 16);
  if (!/^0\d/.test(digits)) return Number.parseInt(digits, 10);
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}
