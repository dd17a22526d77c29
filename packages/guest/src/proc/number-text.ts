/** Numbers in what user space writes. [L39 kernel/sysctl.c, lib/vsprintf.c] */

/**
 * A number written to a file of /proc/sys, `proc_get_long`: white space, a number in C's notation, white space. What
 * follows is not read.
 *
 * @returns undefined where the kernel answers −EINVAL.
 */
export function procGetLong(text: string): number | undefined {
  const [, minus, number] = /^\s*(-?)([0-9a-fx]+)(?:[ \t\n]|$)/i.exec(text) ?? [];
  if (number === undefined || !/^(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)$/i.test(number)) return undefined;
  return minus === "-" ? -simpleStrtoul(number) : simpleStrtoul(number);
}

/**
 * `strict_strtoul` with base 10: digits, and one newline at most.
 *
 * @returns undefined where the kernel answers −EINVAL.
 */
export function strictStrtoul(text: string): number | undefined {
  return /^\d+\n?$/.test(text) ? Number.parseInt(text, 10) : undefined;
}

/** `simple_strtoul` with base 0: the number that a text begins with, 0x hexadecimal and 0 octal; 0 when it is none. */
export function simpleStrtoul(text: string): number {
  const [, hexadecimal, octal, decimal] = /^(?:0x([0-9a-f]+)|0([0-7]+)|(\d+))/i.exec(text) ?? [];
  if (hexadecimal !== undefined) return Number.parseInt(hexadecimal, 16);
  if (octal !== undefined) return Number.parseInt(octal, 8);
  return decimal === undefined ? 0 : Number.parseInt(decimal, 10);
}
