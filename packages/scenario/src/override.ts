/** A value given from outside the file: `--set process.region=64MiB`. */
export interface ScenarioOverride {
  /** Dotted path of the field; a number selects an item of a list. */
  readonly path: string;
  /** The value as YAML. */
  readonly value: string;
  /** How the user wrote it, for messages. */
  readonly flag: string;
}

/**
 * Splits `path=value`.
 *
 * @returns undefined when there is no path or no equals sign.
 */
export function parseOverride(text: string, flag: string): ScenarioOverride | undefined {
  const [, path, value] = /^\s*([^=\s]+)\s*=(.*)$/s.exec(text) ?? [];
  return path === undefined || value === undefined ? undefined : { path, value: value.trim(), flag: `${flag} ${text}` };
}

type Container = Record<string, unknown> | unknown[];

function isContainer(value: unknown): value is Container {
  return typeof value === "object" && value !== null;
}

/**
 * Puts a value at a path of a parsed file, making the groups on the way. Whether such a field exists at all is left to
 * the check of the whole, which then reports it like any other unknown field.
 *
 * @returns the part of the path that is no group and so cannot hold the rest; undefined when the value was put.
 */
export function putAt(root: Record<string, unknown>, path: string, value: unknown): string | undefined {
  const keys = path.split(".");
  const last = keys.pop() as string;
  let at: Container = root;
  for (const [depth, key] of keys.entries()) {
    // Own fields only: `__proto__` must come out as a field that does not exist, not as everyone's prototype.
    const held: unknown = Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined;
    const next: unknown = held ?? {};
    if (!isContainer(next)) return keys.slice(0, depth + 1).join(".");
    if (held === undefined || held === null) define(at, key, next);
    at = next;
  }
  define(at, last, value);
  return undefined;
}

/** An own field whatever its name is: assigning to `__proto__` would change what the object inherits instead. */
function define(target: Container, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}
