import { describe, expect, test } from "vitest";
import { readTrace } from "../../src/trace/trace-reader.ts";
import { recordedMachine } from "../../src/trace/recorded-machine.ts";
import { FrameNames } from "../../src/trace/frame-names.ts";
import { formatTraceHeader } from "../../src/trace/trace-header.ts";

const header =
  '{"hdr":1,"args":"trace=x","max_page":"0x1ffe0","nr_pages":32768,"probe":1,"sps":["0x200","0x400"],"pool":["0x600"],' +
  '"g4":"0x601","tl3":"0x602","tl2":"0x603","tl2b":"0x604","tl1":"0x605"}';
const file = (...lines: string[]): string => [header, ...lines, ""].join("\n");

describe("reading a trace", () => {
  test("keeps header, notes, operations and their lines", () => {
    const trace = readTrace(
      "x.jsonl",
      file(
        '{"note":"first"}',
        '{"i":0,"op":"pin","lvl":1,"f":"p0","rc":-22}',
        '{"i":1,"op":"flush","rc":0}',
        '{"end":1,"ops":2}',
      ),
    );
    expect(trace.header.superpages).toEqual([0x200, 0x400]);
    expect(trace.header.tables.tl2b).toBe(0x604);
    expect(trace.notes).toEqual([{ before: 0, text: "first" }]);
    expect(trace.operations.map(({ op }) => op)).toEqual(["pin", "flush"]);
    expect([...trace.lines.subarray(0, 2)]).toEqual([3, 4]);
  });

  test("writes a header as it reads it", () => {
    const { header: read } = readTrace("x.jsonl", file('{"end":1,"ops":0}'));
    expect(JSON.parse(formatTraceHeader(read))).toEqual(JSON.parse(header));
  });

  test.each([
    ["", "x.jsonl: expected a trace, found an empty file"],
    ["{}\n", 'x.jsonl:1: expected "hdr" to be 1: the first line of a trace is its header, found undefined'],
    [file(), 'x.jsonl:1: expected the end line {"end":1,"ops":…}: the trace is incomplete'],
    [file("nonsense", '{"end":1,"ops":0}'), 'x.jsonl:2: expected a JSON object, found "nonsense"'],
    [file("[]"), "x.jsonl:2: expected a JSON object, found []"],
    [file("{}"), "x.jsonl:2: expected an operation, a note or the end line"],
    [file('{"end":1,"ops":3}'), "x.jsonl:2: expected 3 operations, found 0"],
    [file('{"end":1,"ops":0}', '{"note":"late"}'), "x.jsonl:3: expected nothing after the end line"],
    [file('{"i":1,"op":"flush","rc":0}'), "x.jsonl:2: expected operation 0, found 1"],
    [
      file('{"i":0,"op":"pin","lvl":1,"f":"q7","rc":0}'),
      'x.jsonl:2: expected "f" to be a frame ("s0+17", "p3", "g4", "tl1", "0x1ffe0"), found "q7"',
    ],
    [
      file('{"i":0,"op":"mmu","t":"p0","idx":0,"v":null,"fl":7,"rc":0}'),
      'x.jsonl:2: expected "fl" to be a hexadecimal number of at most 64 bits ("0x87"), found 7',
    ],
    [file('{"i":0,"op":"flush"}'), 'x.jsonl:2: expected "rc" to be a whole number, found undefined'],
    [
      file('{"i":0,"op":"flush","rc":0,"meanwhile":[{"i":0,"op":"pin","rc":0}]}'),
      'x.jsonl:2: expected "meanwhile" to be a list of operations, found [{"i":0,"op":"pin","rc":0}]',
    ],
    [file('{"i":0,"op":"flush","rc":0,"throws":1}'), 'x.jsonl:2: expected "throws" to be text, found 1'],
    [
      file('{"i":0,"op":"flush","rc":0,"st":{"p0":[1]}}'),
      'x.jsonl:2: expected "st" of p0 to be a list of 5, found [1]',
    ],
  ])("refuses what is no trace: %#", (text, message) => {
    expect(() => readTrace("x.jsonl", text)).toThrow(message);
  });

  test("names the operations it knows when it meets another", () => {
    expect(() => readTrace("x.jsonl", file('{"i":0,"op":"fly","rc":0}'))).toThrow(
      /expected "op" to be one of mark, .*found "fly"/,
    );
  });
});

describe("the machine of a trace of the adversary", () => {
  const machine = {
    scheme: "sealed",
    version: "xen-4.9",
    superpagesAllowed: true,
    superpageOrder: 3,
    tableOrder: 3,
    guests: 2,
    superpages: 2,
    preemptEvery: 5,
  };
  const withMachine = (fields: object): string =>
    [JSON.stringify({ ...(JSON.parse(header) as object), machine: fields }), '{"end":1,"ops":0}', ""].join("\n");

  test("may say which fixes are out and how many vCPUs a guest has, and need not", () => {
    const whole = { ...machine, vcpus: 2, unfixed: ["XSA-182"] };
    expect(readTrace("x.jsonl", withMachine(whole)).header.machine).toEqual(whole);
    expect(readTrace("x.jsonl", withMachine(machine)).header.machine).toEqual(machine);
  });

  test.each([
    [{ ...machine, guests: "2" }, 'x.jsonl:1: expected "machine.guests" to be a number, found "2"'],
    [{ ...machine, vcpus: 3 }, 'x.jsonl:1: expected "machine.vcpus" to be 1 or 2, found 3'],
    [
      { ...machine, unfixed: "XSA-182" },
      'x.jsonl:1: expected "machine.unfixed" to be a list of advisories, found "XSA-182"',
    ],
  ])("is refused where a field is wrong: %#", (fields, message) => {
    expect(() => readTrace("x.jsonl", withMachine(fields))).toThrow(message);
  });
});

describe("which Xen made a trace", () => {
  const { header: plain } = readTrace("x.jsonl", file('{"end":1,"ops":0}'));
  test.each([
    ["a/xen494-x.jsonl", "xen-4.9", true, true],
    ["xen494probe-x.jsonl", "xen-4.9", true, true],
    ["xen494-noallow-sp-bad.jsonl", "xen-4.9", false, true],
    ["xen417probe-x.jsonl", "xen-4.17", false, false],
    ["xen460-x.jsonl", "xen-4.6", true, false],
  ])("%s", (name, version, superpagesAllowed, debugBuild) => {
    expect(recordedMachine(name, plain)).toMatchObject({ version, superpagesAllowed, debugBuild });
  });

  test("is unknown for another name", () => {
    expect(recordedMachine("mine.jsonl", plain)).toBeUndefined();
  });
});

describe("frame names", () => {
  const names = new FrameNames(readTrace("x.jsonl", file('{"end":1,"ops":0}')).header);
  test.each([
    ["s1+17", 0x411],
    ["p0", 0x600],
    ["tl1", 0x605],
    ["0x1ffe0", 0x1ffe0],
  ])("%s stands for a frame, and the frame has that name", (name, frame) => {
    expect(names.frame(name)).toBe(frame);
    expect(names.nameOf(frame, 512)).toBe(name);
  });

  test("null is frame 0", () => {
    expect(names.resolve(null)).toEqual({ lo: 0, hi: 0 });
  });

  test("a name that the header does not define is refused", () => {
    expect(() => names.resolve("s2+0")).toThrow('frame "s2+0": the header defines no such name');
  });
});
