import { decodeBase64Url, encodeBase64Url } from "./base64-url.ts";
import { ByteReader, ByteWriter } from "./byte-codec.ts";
import type { Model, ModelOptions, Move, Schedule } from "./model.ts";

const PREFIX = "xsp1.";
/** No schedule that somebody wants to read is longer; a token of some letters may claim that it is. */
const MOST_STEPS = 1 << 20;
const OptionType = { string: 0, number: 1, no: 2, yes: 3 } as const;

/** What a token says. */
export interface ParsedToken {
  /** {@link modelHash} of the model's name: look your model up by it. */
  readonly modelHash: number;
  readonly options: ModelOptions;
  readonly schedule: Schedule;
}

/** FNV-1a of a model's name, 32 bits unsigned. */
export function modelHash(name: string): number {
  return checksum(new ByteWriter().text(name).bytes());
}

/**
 * A schedule as a short string which replays for as long as the model makes the same accesses.
 *
 * ```text
 *   "xsp1." base64url( model hash:4 | options: count, (name, type, value)… | schedule: runs of (move, times)… | sum:2 )
 *   move = choice × 32 + vCPU; everything else is a varint; the sum catches typing errors
 * ```
 *
 * Length: some 1.5 characters for each step, less where a vCPU makes many steps in a row.
 */
export function encodeToken(model: Model, schedule: Schedule): string {
  const writer = new ByteWriter().uint32(modelHash(model.name));
  const options = Object.entries(model.options ?? {});
  writer.varint(options.length);
  for (const [name, value] of options) {
    writer.text(name);
    if (typeof value === "boolean") writer.varint(value ? OptionType.yes : OptionType.no);
    else if (typeof value === "number") writer.varint(OptionType.number).text(String(value));
    else writer.varint(OptionType.string).text(value);
  }
  const runs: { move: number; times: number }[] = [];
  for (const { vcpu, choice } of schedule) {
    const move = choice * 32 + vcpu;
    const last = runs.at(-1);
    if (last?.move === move) last.times++;
    else runs.push({ move, times: 1 });
  }
  writer.varint(runs.length);
  for (const { move, times } of runs) writer.varint(move).varint(times);
  const sum = checksum(writer.bytes());
  writer.byte(sum & 0xff).byte((sum >>> 8) & 0xff);
  return PREFIX + encodeBase64Url(writer.bytes());
}

/** @throws RangeError saying what is wrong with the token: another version, damaged, cut off, or of more than 1,048,576 steps. */
export function parseToken(token: string): ParsedToken {
  if (!token.startsWith(PREFIX)) {
    throw new RangeError(`a token begins with ${PREFIX}, this one with ${JSON.stringify(token.slice(0, 8))}`);
  }
  const bytes = decodeBase64Url(token.slice(PREFIX.length));
  const sum = checksum(bytes.subarray(0, -2));
  if (bytes.length < 8 || bytes.at(-2) !== (sum & 0xff) || bytes.at(-1) !== ((sum >>> 8) & 0xff)) {
    throw new RangeError("the token is damaged or incomplete: its check sum does not match");
  }
  const reader = new ByteReader(bytes);
  const hash = reader.uint32();
  const options: Record<string, string | number | boolean> = {};
  for (let left = reader.varint(); left > 0; left--) {
    const name = reader.text();
    const type = reader.varint();
    if (type === OptionType.yes || type === OptionType.no) options[name] = type === OptionType.yes;
    else options[name] = type === OptionType.number ? Number(reader.text()) : reader.text();
  }
  const schedule: Move[] = [];
  for (let left = reader.varint(); left > 0; left--) {
    const move = reader.varint();
    const times = reader.varint();
    if (schedule.length + times > MOST_STEPS) {
      throw new RangeError(`the token has more than ${MOST_STEPS} steps, more than can be replayed`);
    }
    for (let each = 0; each < times; each++) schedule.push({ vcpu: move % 32, choice: Math.floor(move / 32) });
  }
  return { modelHash: hash, options, schedule };
}

function checksum(bytes: Uint8Array): number {
  let hash = 0x811c_9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return hash >>> 0;
}
