import { EINVAL, ERANGE } from "./errno.ts";

/*
 * Numbers in what user space writes to files and in options of a mount, as a 64-bit kernel reads them: [S Linux 3.0
 * lib/kstrtox.c, drivers/xen; C 33ee3b2e2eb9: kstrtoul is of 2.6.39; M lib/cmdline.c], and for /proc/sys a later kernel/sysctl.c, whose proc_get_long read by simple_strtoul still.
 *
 * Simplified: a number beyond 2^53 loses its last digits.
 */

const ULONG_RANGE = 2 ** 64;

/** Longest number that `proc_get_long` takes: TMPBUFLEN has room for one more character, and for the end. */
const LONGEST_NUMBER = 20;

/**
 * A number written to a file of /proc/sys, `proc_get_long`: white space, a number in C's notation, white space. What
 * follows is not read. A number too long for its buffer is none.
 *
 * @returns undefined where the kernel answers −EINVAL.
 */
export function procGetLong(text: string): number | undefined {
  const [, minus, number] = /^\s*(-?)([0-9a-fx]+)(?:[ \t\n]|$)/i.exec(text) ?? [];
  if (number === undefined || !/^(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)$/i.test(number)) return undefined;
  if (number.length + (minus ?? "").length > LONGEST_NUMBER) return undefined;
  return minus === "-" ? -simpleStrtoul(number) : simpleStrtoul(number);
}

/**
 * `kstrtoul` with base 10, which `strict_strtoul` is another name of: a plus at most, digits, and a newline at most.
 *
 * @returns the number; −EINVAL when it is none; −ERANGE when it does not fit.
 */
export function kstrtoul(text: string): number {
  if (!/^\+?\d+\n?$/.test(text)) return -EINVAL;
  const value = Number.parseInt(text, 10);
  return value < ULONG_RANGE ? value : -ERANGE;
}

/**
 * `simple_strtoul` with base 0: the number that a text begins with, 0x hexadecimal and 0 octal; 0 when it is none. What
 * does not fit is cut off.
 */
export function simpleStrtoul(text: string): number {
  const digits = leadingDigits(text);
  if (digits === "") return 0;
  const base = /^0x/i.test(digits) ? 16 : digits.startsWith("0") ? 8 : 10;
  return Number.parseInt(digits, base) % ULONG_RANGE;
}

/**
 * A number as {@link simpleStrtoul} reads it, and K, M or G right behind its last digit: `memparse`. What does not fit is
 * cut off.
 *
 * @returns the number, and what stands behind it. `"08"` is octal, so it is 0 with `"8"` behind it.
 */
export function memparse(text: string): { readonly value: number; readonly rest: string } {
  const rest = text.slice(leadingDigits(text).length);
  const shift = /^[KMG]/i.test(rest) ? " KMG".indexOf(rest.charAt(0).toUpperCase()) : 0;
  return { value: (simpleStrtoul(text) * 1024 ** shift) % ULONG_RANGE, rest: rest.slice(Math.min(shift, 1)) };
}

/** The digits that a text begins with, in the base that they say themselves. */
function leadingDigits(text: string): string {
  return /^(?:0x[0-9a-f]+|0[0-7]*|[1-9]\d*)/i.exec(text)?.[0] ?? "";
}
