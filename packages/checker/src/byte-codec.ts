/** Writes numbers and text to bytes. Everything little-endian. */
export class ByteWriter {
  private buffer = new Uint8Array(256);
  private used = 0;

  byte(value: number): this {
    this.reserve(1);
    this.buffer[this.used++] = value;
    return this;
  }

  uint32(value: number): this {
    for (let shift = 0; shift < 32; shift += 8) this.byte((value >>> shift) & 0xff);
    return this;
  }

  /** A non-negative safe integer in groups of 7 bits, lowest first. */
  varint(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no varint`);
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.byte((rest % 0x80) | 0x80);
    return this.byte(rest);
  }

  /** UTF-8 with its length in front. Written by hand: `TextEncoder` is no part of the language. */
  text(value: string): this {
    const bytes: number[] = [];
    for (const character of value) {
      const code = character.codePointAt(0) as number;
      if (code < 0x80) bytes.push(code);
      else if (code < 0x800) bytes.push(0xc0 | (code >> 6), continuation(code, 0));
      else if (code < 0x1_0000) bytes.push(0xe0 | (code >> 12), continuation(code, 6), continuation(code, 0));
      else bytes.push(0xf0 | (code >> 18), continuation(code, 12), continuation(code, 6), continuation(code, 0));
    }
    this.varint(bytes.length).reserve(bytes.length);
    for (const byte of bytes) this.byte(byte);
    return this;
  }

  /** The first `count` ints as they are. */
  ints(values: Int32Array, count: number = values.length): this {
    this.reserve(count * 4);
    const view = new DataView(this.buffer.buffer);
    for (let each = 0; each < count; each++) view.setInt32(this.used + each * 4, values[each] as number, true);
    this.used += count * 4;
    return this;
  }

  bytes(): Uint8Array {
    return this.buffer.slice(0, this.used);
  }

  private reserve(count: number): void {
    if (this.used + count <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(this.used + count, this.buffer.length * 2));
    larger.set(this.buffer);
    this.buffer = larger;
  }
}

/** Reads what {@link ByteWriter} wrote. Every method throws a `RangeError` at the end of the bytes. */
export class ByteReader {
  private readonly data: Uint8Array;
  private at = 0;

  constructor(data: Uint8Array) {
    this.data = data;
  }

  byte(): number {
    const value = this.data[this.at++];
    if (value === undefined) throw new RangeError("the bytes end too early");
    return value;
  }

  uint32(): number {
    let value = 0;
    for (let shift = 0; shift < 32; shift += 8) value |= this.byte() << shift;
    return value >>> 0;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  text(): string {
    const end = this.varint() + this.at;
    let text = "";
    while (this.at < end) {
      const lead = this.byte();
      const more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
      let code = more === 0 ? lead : lead & (0x3f >> more);
      for (let each = 0; each < more; each++) code = (code << 6) | (this.byte() & 0x3f);
      text += String.fromCodePoint(code);
    }
    return text;
  }

  ints(target: Int32Array, count: number = target.length): void {
    if (this.at + count * 4 > this.data.length) throw new RangeError("the bytes end too early");
    const view = new DataView(this.data.buffer, this.data.byteOffset);
    for (let each = 0; each < count; each++) target[each] = view.getInt32(this.at + each * 4, true);
    this.at += count * 4;
  }
}

function continuation(code: number, shift: number): number {
  return 0x80 | ((code >> shift) & 0x3f);
}
