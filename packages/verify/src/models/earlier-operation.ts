/** An operation that was performed before the exploration begins. */
export interface EarlierOperation {
  readonly name: string;
  readonly vcpu: number;
}

/**
 * Reads an entry of a model's `before`: `mark`, or `map-2m-rw by vCPU 1`. Without a vCPU it is the first that performed it.
 *
 * @throws RangeError for anything else.
 */
export function earlierOperation(text: string): EarlierOperation {
  const [, name, vcpu = "0"] = /^(\S+)(?: by vCPU (\d+))?$/.exec(text) ?? [];
  if (name === undefined) throw new RangeError(`before: "${text}" given, expected such as "mark by vCPU 1"`);
  return { name, vcpu: Number(vcpu) };
}

/** Who has performed what, in words: `vCPU 0 has performed mark, map-2m-rw`. */
export function earlierOperationsText(before: readonly string[]): string {
  const parts: { vcpu: number; names: string[] }[] = [];
  for (const { name, vcpu } of before.map(earlierOperation)) {
    const last = parts.at(-1);
    if (last?.vcpu === vcpu) last.names.push(name);
    else parts.push({ vcpu, names: [name] });
  }
  return parts.map(({ vcpu, names }) => `vCPU ${vcpu} has performed ${names.join(", ")}`).join(", then ");
}
