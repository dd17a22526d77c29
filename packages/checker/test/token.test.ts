import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeBase64Url, encodeBase64Url } from "../src/base64-url.ts";
import { encodeToken, modelHash, type Model, parseToken, replay } from "../src/index.ts";
import { counter } from "./models/counters.ts";

const option = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.double({ noNaN: true }).map((value) => value + 0),
  fc.boolean(),
);

it("carries the model's name, its options and any schedule", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }),
      fc.dictionary(
        fc.string().filter((key) => key !== "__proto__"),
        option,
      ),
      fc.array(fc.record({ vcpu: fc.nat(31), choice: fc.nat(5000) })),
      (name, options, schedule) => {
        const model: Model = { name, options, setup: () => ({ programs: [], properties: [] }) };
        const parsed = parseToken(encodeToken(model, schedule));
        expect(parsed).toEqual({ modelHash: modelHash(name), options: { ...options }, schedule });
      },
    ),
  );
});

it("stays the same for ever", () => {
  const schedule = [0, 0, 1, 1, 0].map((vcpu) => ({ vcpu, choice: 0 }));
  const token = "xsp1.BiA1wAMFdmNwdXMBATIGcm91bmRzAQExBXN3YXBzAgMAAgECAAGRSA";
  expect(encodeToken(counter(2, 1, false), schedule)).toBe(token);
  expect(parseToken(token).options).toEqual({ vcpus: 2, rounds: 1, swaps: false });
});

it("is refused with the reason when it is of another version, damaged, or of another model", () => {
  const token = encodeToken(counter(2, 1, false), [{ vcpu: 0, choice: 0 }]);
  expect(() => parseToken("xsp9.AAAA")).toThrow('a token begins with xsp1., this one with "xsp9.AAA"');
  expect(() => parseToken(token.slice(0, -1))).toThrow("damaged or incomplete");
  expect(() => parseToken(`${token.slice(0, 12)}!${token.slice(13)}`)).toThrow('"!" does not occur in a token');
  expect(() => replay(counter(2, 1, true), token)).toThrow("the token is of counter with the options");
  expect(() => replay({ ...counter(2, 1, false), name: "other" }, token)).toThrow("of another model than other");
  expect(() => replay(counter(2, 1, false), [{ vcpu: 0, choice: 1 }])).toThrow("vCPU 0 has 1 moves now");
  expect(() => replay(counter(2, 1, false), [{ vcpu: 2, choice: 0 }])).toThrow("there is no vCPU 2");
});

it("is refused when one of its bytes is another or missing, wherever that is", () => {
  const token = encodeToken(counter(2, 1, false), [{ vcpu: 1, choice: 0 }]);
  const bytes = decodeBase64Url(token.slice("xsp1.".length));
  const damaged = "the token is damaged or incomplete: its check sum does not match";
  for (let at = 0; at < bytes.length; at++) {
    const typo = bytes.map((byte, index) => (index === at ? byte ^ 4 : byte));
    expect(() => parseToken(`xsp1.${encodeBase64Url(typo)}`)).toThrow(damaged);
    expect(() => parseToken(`xsp1.${encodeBase64Url(bytes.slice(0, at))}`)).toThrow(damaged);
  }
});

it("is refused when it is too short to say anything, although its check sum matches", () => {
  for (const text of ["", "a", "ab", "abc", "abcd"]) {
    // The name's hash is that of its length and its letters: here it is the check sum of a token of just these bytes.
    const bytes = [text.length, ...Array.from(text, (letter) => letter.charCodeAt(0))];
    const sum = modelHash(text);
    const token = encodeBase64Url(Uint8Array.of(...bytes, sum & 0xff, (sum >>> 8) & 0xff));
    expect(() => parseToken(`xsp1.${token}`)).toThrow("the token is damaged or incomplete");
  }
  const shortest: Model = { name: "none", setup: () => ({ programs: [], properties: [] }) };
  expect(decodeBase64Url(encodeToken(shortest, []).slice("xsp1.".length))).toHaveLength(8);
  expect(parseToken(encodeToken(shortest, []))).toEqual({ modelHash: modelHash("none"), options: {}, schedule: [] });
});

it("is refused when it claims more steps than anybody could replay", () => {
  const most = 1_048_576;
  const schedule = Array.from({ length: most }, () => ({ vcpu: 0, choice: 0 }));
  const model = counter(2, 1, false);
  const longest = encodeToken(model, schedule);
  expect(parseToken(longest).schedule.length).toBe(most);
  const longer = encodeToken(model, [...schedule, { vcpu: 1, choice: 0 }]);
  // Two letters more, for one step more; they could as well be for some thousand million.
  expect(longer.length - longest.length).toBeLessThan(4);
  expect(() => parseToken(longer)).toThrow("the token has more than 1048576 steps, more than can be replayed");
});

it("is refused or read, and nothing else, whatever the text", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.base64String().map((text) => `xsp1.${text}`),
      ),
      (text) => {
        try {
          parseToken(text);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      },
    ),
  );
});
