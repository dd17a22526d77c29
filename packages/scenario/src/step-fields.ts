import { schemeNames } from "@xsp/hypervisor";
import type { ScenarioField } from "./scenario-fields.ts";

const schemes = `one of ${schemeNames.join(", ")}, or a list of them`;
const formula = "a formula over measures, such as fork.events.frameGets + fork.events.typeGets";

function under(group: string): ScenarioField[] {
  const item = { expected: `one of ${schemeNames.join(", ")}`, example: "sealed", meaning: "an accounting scheme" };
  return [
    {
      path: `${group}.under`,
      expected: schemes,
      example: "[rfc, xen-4.1]",
      default: "every scheme that is run",
      meaning: "the schemes for which it stands",
    },
    { path: `${group}.under[]`, ...item },
    {
      path: `${group}.except`,
      expected: schemes,
      example: "per-frame",
      default: "none",
      meaning: "instead of under: the schemes for which it does not stand",
    },
    { path: `${group}.except[]`, ...item },
  ];
}

function bound(name: string, meaning: string): ScenarioField {
  return {
    path: `expect[].${name}`,
    expected: "a number, a size, a duration or a formula",
    example: "32768",
    default: "no such bound; one of is, atLeast and atMost is needed",
    meaning,
  };
}

/** The fields about steps, what they are expected to do, and what the whole run is. */
export const stepFields: readonly ScenarioField[] = [
  {
    path: "let",
    expected: "a group of names of its own, each a number or a size",
    example: "{ region: 64GiB }",
    default: "none",
    meaning: "numbers for {…} in command lines and for formulas; sizes are bytes there",
  },
  { path: "let.NAME", expected: "a number or a size", example: "64GiB", meaning: "one of them" },
  {
    path: "steps",
    expected: "a list of command lines, or of groups of fields about them",
    example: "[ps, audit]",
    default: "none",
    meaning: "what is typed at the console, one after another; after the logins, where there are some",
  },
  {
    path: "steps[]",
    expected: "a command line, or a group of fields with run or measure",
    example: "echo {region / 2MiB} > /proc/sys/vm/nr_hugepages",
    meaning: "one step; a command line alone is short for { run: … }",
  },
  {
    path: "steps[].run",
    expected: "a command line of the console (xsp shell, then help)",
    example: "touch 1 all",
    default: "absent; a step has either run or measure",
    meaning: "what is typed; {…} is filled in from let. It must work, unless refused is given",
  },
  {
    path: "steps[].measure",
    expected: "a command line, or a list of them",
    example: "fork 1",
    default: "absent; a step has either run or measure",
    meaning: "the same, its events counted and priced alone and shown in the report",
  },
  {
    path: "steps[].measure[]",
    expected: "a command line of the console",
    example: "fork 1",
    meaning: "one of the commands that are measured together",
  },
  {
    path: "steps[].as",
    expected: "a name of letters and digits that is no other measure's",
    example: "fork",
    default: "absent; required with measure",
    meaning: "what the measured step is called: fork.modelled, fork.events.hypercalls, …",
  },
  {
    path: "steps[].prints",
    expected: "a line of output, or a list of them",
    example: '"HugePages_Total: 64"',
    default: "nothing is expected of the output",
    meaning: "a whole line; white space counts as one blank, * stands for any text",
  },
  {
    path: "steps[].prints[]",
    expected: "a line of output",
    example: '"HugePages_Total: 64"',
    meaning: "one line that must be there",
  },
  {
    path: "steps[].refused",
    expected: "the name of an errno or of a signal",
    example: "SIGBUS",
    default: "it must work",
    meaning: "how the guest's kernel refuses it",
  },
  ...under("steps[]"),
  {
    path: "expect",
    expected: "a list of groups of fields",
    example: "[{ what: audit.differences, is: 0 }]",
    default: "none",
    meaning: "what must come out; xsp run says what held and ends with 4 when something was missed",
  },
  {
    path: "expect[]",
    expected: "a group of fields",
    example: "{ what: logins.inTime, is: 18, under: per-frame }",
    meaning: "one expectation",
  },
  {
    path: "expect[].what",
    expected: formula,
    example: "fork.events.superpageGets",
    meaning: "the measure; fork.modelled@sealed is that of one scheme, to compare others with",
  },
  bound("is", "it equals this"),
  bound("atLeast", "it is this or more"),
  bound("atMost", "it is this or less"),
  ...under("expect[]"),
  {
    path: "published",
    expected: "a list of groups of fields",
    example: "[{ what: fork.modelled, figure: 1460ms, source: redis.io }]",
    default: "none",
    meaning: "figures that others measured: the ratio of the model to them is shown, nothing is expected",
  },
  {
    path: "published[]",
    expected: "a group of fields",
    example: "{ what: fork.modelled, figure: 1460ms, source: redis.io }",
    meaning: "one figure",
  },
  { path: "published[].what", expected: formula, example: "fork.modelled / 4", meaning: "the model's side of it" },
  {
    path: "published[].figure",
    expected: "a number, a duration or a formula, in the unit of what",
    example: "239.3ms",
    meaning: "the published side of it",
  },
  { path: "published[].source", expected: "a text", example: "redis-doc latency.md", meaning: "who says so, of what" },
  ...under("published[]"),
];
