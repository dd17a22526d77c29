import { schemeNames, type XenVersion } from "@xsp/hypervisor";
import { profileNames } from "./cost-profile.ts";
import { stepFields } from "./step-fields.ts";

/** One field of a scenario file, for messages and for help. */
export interface ScenarioField {
  /** Dotted path; `[]` stands for every item of a list. */
  readonly path: string;
  /** Completes "expected: …". */
  readonly expected: string;
  /** A value that is accepted. */
  readonly example: string;
  /** What holds when the field is left out. Absent: the field is required. */
  readonly default?: string;
  readonly meaning: string;
}

const size = "a size with one of the units B, KiB, MiB, GiB, TiB";

/** The Xen releases whose superpage rules differ in something that a guest can see. */
export const xenVersions: readonly XenVersion[] = ["xen-4.0", "xen-4.6", "xen-4.9", "xen-4.17"];

/** Every field that a scenario file may have. */
export const scenarioFields: readonly ScenarioField[] = [
  {
    path: "name",
    expected: "a name of letters, digits and hyphens",
    example: "fork-64g",
    meaning: "what the results are called",
  },
  { path: "description", expected: "a text", example: "one line", default: "empty", meaning: "what it is about" },
  { path: "host", expected: "a group of fields", example: "{ memory: 68GiB }", meaning: "the machine that runs Xen" },
  { path: "host.memory", expected: size, example: "68GiB", meaning: "machine memory, Xen's own share included" },
  {
    path: "host.version",
    expected: `one of ${xenVersions.join(", ")}`,
    example: "xen-4.9",
    default: "xen-4.9",
    meaning: "which release's rules the hypercalls follow",
  },
  {
    path: "host.superpageOrder",
    expected: "9 (smaller superpages are for the checker: a guest's hugepages are 2 MiB)",
    example: "9",
    default: "9",
    meaning: "log2 of a superpage in 4 KiB frames; 9 is x86's 2 MiB",
  },
  {
    path: "schemes",
    expected: "a list of at least one scheme, each named once",
    example: "[per-frame, sealed]",
    default: "all of them",
    meaning: "the accounting schemes to run, one after another",
  },
  {
    path: "schemes[]",
    expected: `one of ${schemeNames.join(", ")}`,
    example: "sealed",
    meaning: "an accounting scheme",
  },
  { path: "guest", expected: "a group of fields", example: "{ memory: 66GiB }", meaning: "the PV guest" },
  {
    path: "guest.style",
    expected: "64-bit or 32-bit",
    example: "64-bit",
    default: "64-bit",
    meaning: "64-bit: the kernel maps all memory; 32-bit: lowmem only, the rest is highmem",
  },
  { path: "guest.memory", expected: size, example: "66GiB", meaning: "what the guest is given at boot" },
  {
    path: "guest.lowmem",
    expected: size,
    example: "727MiB",
    default: "727MiB, what Xen's hole leaves",
    meaning: "32-bit style only: memory with a permanent kernel mapping",
  },
  {
    path: "guest.populate",
    expected: "superpages or pages",
    example: "superpages",
    default: "superpages",
    meaning: "superpages: built from extents of 2 MiB; pages: frame by frame, in no order of the machine's",
  },
  {
    path: "guest.balloonHugepages",
    expected: "true or false",
    example: "false",
    default: "false",
    meaning: "whether the balloon works in units of 2 MiB, as with UEK's balloon_hugepages",
  },
  {
    path: "pool",
    expected: "a group of fields",
    example: "{ mark: true }",
    default: "as much as the region needs, marked; none without a region",
    meaning: "the guest's hugetlbfs pool",
  },
  {
    path: "pool.hugepages",
    expected: "a whole number from 1 on",
    example: "32768",
    default: "as many as the region needs; none without a region",
    meaning: "what is written to nr_hugepages",
  },
  {
    path: "pool.mark",
    expected: "true or false",
    example: "true",
    default: "true",
    meaning: "whether the pool marks each hugepage, where the scheme has marks",
  },
  {
    path: "process",
    expected: "a group of fields",
    example: "{ region: 64GiB }",
    default: "none; a workload needs it",
    meaning: "the process that forks",
  },
  { path: "process.region", expected: size, example: "64GiB", meaning: "its hugepage mapping, fully touched" },
  {
    path: "process.shared",
    expected: "true (a private mapping is made by a step: see fork-64g-private)",
    example: "true",
    default: "true",
    meaning: "MAP_SHARED: the child maps the same hugepages",
  },
  {
    path: "workload",
    expected: "a group of fields",
    example: "{ kind: login-storm, logins: 100 }",
    default: "none; then the steps are all that is run",
    meaning: "what the process is asked to do",
  },
  {
    path: "workload.kind",
    expected: "login-storm",
    example: "login-storm",
    default: "login-storm",
    meaning: "all logins arrive at once and wait for their answer",
  },
  {
    path: "workload.logins",
    expected: "a whole number from 1 on",
    example: "100",
    meaning: "how many clients log in",
  },
  {
    path: "workload.spawner",
    expected: "serial",
    example: "serial",
    default: "serial",
    meaning: "one login is answered after another, by a process attached to the region",
  },
  {
    path: "workload.answer",
    expected: "fork+exec",
    example: "fork+exec",
    default: "fork+exec",
    meaning: "what answers a login",
  },
  {
    path: "deadline",
    expected: "a duration with one of the units ns, us, ms, s, min",
    example: "60s",
    default: "60s; none without a workload",
    meaning: "how long a client waits for its answer",
  },
  {
    path: "profile",
    expected: `one of ${profileNames.join(", ")}`,
    example: "xeon-x5570-2009",
    default: "xeon-x5570-2009",
    meaning: "the cost profile that turns counted events into modelled time",
  },
  ...stepFields,
];

/** `schemes.2` as `schemes[]`, `let.region` as `let.NAME`: the way the fields are listed. */
function generalPath(path: string): string {
  return path.replaceAll(/\.\d+/g, "[]").replace(/^let\..+$/, "let.NAME");
}

/** The entry of a field, `schemes.2` being looked up as `schemes[]`. */
export function scenarioField(path: string): ScenarioField | undefined {
  const general = generalPath(path);
  return scenarioFields.find((field) => field.path === general);
}

/** The fields one level below a path, by their own names. The empty path gives the top level. */
export function fieldNamesBelow(path: string): readonly string[] {
  const prefix = path === "" ? "" : `${generalPath(path)}.`;
  return scenarioFields
    .map((field) => field.path)
    .filter((name) => name.startsWith(prefix) && /^\w+$/.test(name.slice(prefix.length)))
    .map((name) => name.slice(prefix.length));
}
