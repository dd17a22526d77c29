import { HPAGE_SIZE } from "./address-layout.ts";
import { EINVAL } from "./errno.ts";
import { DEFAULT_CONFIG, type HugetlbfsConfig } from "./hugetlbfs-mount.ts";
import { type Kernel, printk } from "./kernel.ts";
import { memparse } from "./number-text.ts";

/** A size before it is known what a hugepage is and how many there are: bytes, or percent of the pool. */
interface SizeOption {
  readonly value: number;
  readonly percent: boolean;
}

type Parsed = { -readonly [Key in keyof HugetlbfsConfig]: HugetlbfsConfig[Key] } & {
  size?: SizeOption;
  minSize?: SizeOption;
};

/** What a value must look like to belong to its option, and what is done with it. False: the value is a bad one. */
interface OptionParser {
  readonly pattern: RegExp;
  readonly take: (parsed: Parsed, value: string) => boolean;
}

const unsigned = /^(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)$/i;
const anything = /^.+$/;

/** Options by name: `tokens`. [L39 fs/hugetlbfs/inode.c; min_size: 4.1] */
const tokens: Readonly<Record<string, OptionParser>> = {
  uid: { pattern: unsigned, take: (parsed, value) => assign(parsed, "uid", memparse(value).value) },
  gid: { pattern: unsigned, take: (parsed, value) => assign(parsed, "gid", memparse(value).value) },
  mode: { pattern: /^[0-7]+$/, take: (parsed, value) => assign(parsed, "mode", Number.parseInt(value, 8) & 0o1777) },
  nr_inodes: {
    pattern: anything,
    take: (parsed, value) => beginsWithDigit(value) && assign(parsed, "maxInodes", memparse(value).value),
  },
  size: {
    pattern: anything,
    take: (parsed, value) => beginsWithDigit(value) && assign(parsed, "size", sizeOption(value)),
  },
  min_size: {
    pattern: anything,
    take: (parsed, value) => beginsWithDigit(value) && assign(parsed, "minSize", sizeOption(value)),
  },
};

/**
 * Reads the options of a mount: `hugetlbfs_parse_options`.
 *
 * @param options - separated by commas: uid, gid, mode (octal), size and min_size (bytes with K, M or G, or percent of
 * the persistent pool; rounded down to hugepages), nr_inodes, pagesize.
 * @returns −EINVAL for an unknown option or a bad value; the log says which.
 */
export function hugetlbfsParseOptions(kernel: Kernel, options: string): HugetlbfsConfig | number {
  const parsed: Parsed = { ...DEFAULT_CONFIG };
  for (const option of options.split(",")) {
    if (option !== "" && !parseOption(kernel, parsed, option)) return -EINVAL;
  }
  // After the loop, as Linux must know the page size first.
  const { size, minSize, ...config } = parsed;
  if (size !== undefined) config.maxHpages = hpagesOf(kernel, size);
  if (minSize !== undefined) config.minHpages = hpagesOf(kernel, minSize);
  if (config.maxHpages !== undefined && config.minHpages > config.maxHpages) {
    printk(kernel, "hugetlbfs: minimum size can not be greater than maximum size");
    return -EINVAL;
  }
  return config;
}

function parseOption(kernel: Kernel, parsed: Parsed, option: string): boolean {
  const equals = option.indexOf("=");
  const name = equals < 0 ? option : option.slice(0, equals);
  const value = equals < 0 ? "" : option.slice(equals + 1);
  if (name === "pagesize" && value !== "") return checkPagesize(kernel, memparse(value).value);
  const token = Object.hasOwn(tokens, name) ? tokens[name] : undefined;
  if (token === undefined || !token.pattern.test(value)) {
    printk(kernel, `hugetlbfs: Bad mount option: "${option}"`);
    return false;
  }
  if (token.take(parsed, value)) return true;
  printk(kernel, `hugetlbfs: Bad value '${value}' for mount option '${option}'`);
  return false;
}

function checkPagesize(kernel: Kernel, bytes: number): boolean {
  if (bytes === HPAGE_SIZE) return true;
  printk(kernel, `hugetlbfs: Unsupported page size ${Math.floor(bytes / 2 ** 20)} MB`);
  return false;
}

function assign<Key extends keyof Parsed>(parsed: Parsed, key: Key, value: Parsed[Key]): true {
  parsed[key] = value;
  return true;
}

/** memparse would take a lone K, M or G for 0. */
function beginsWithDigit(value: string): boolean {
  return /^\d/.test(value);
}

/** What follows a size and its percent sign is not looked at. */
function sizeOption(text: string): SizeOption {
  const { value, rest } = memparse(text);
  return { value, percent: rest.startsWith("%") };
}

function hpagesOf(kernel: Kernel, { value, percent }: SizeOption): number {
  return percent ? Math.floor((value * kernel.hstate.maxHugePages) / 100) : Math.floor(value / HPAGE_SIZE);
}
