import type { ShownStep, Story } from "../model/story.ts";

/*
 * Why a hypercall was refused, in plain words. The reasons are those that the code gives where it refuses
 * (`host.refuse` in `schemes/`, `page-types.ts`); which of several it was, the word in which the operation saw it
 * tells, and that step is shown with it.
 */

interface Reason {
  /** How the announced operation begins. */
  readonly operation: string;
  readonly result: string;
  /** How the names of the schemes begin under which it is so. */
  readonly scheme?: string;
  readonly why: string;
  /** Whether a step is one in which the operation saw it. */
  readonly isSeenIn?: (shown: ShownStep) => boolean;
}

const inWord = ({ step }: ShownStep): boolean => step.region === "superpage";
const inType = ({ step }: ShownStep): boolean => step.region === "type_info";
/** A frame in use as something else than writable memory. */
const inTableType = (shown: ShownStep): boolean => inType(shown) && /^(L\d|seg)/.test(shown.word?.beforeText ?? "");

const anothers = "another domain’s";

const reasons: readonly Reason[] = [
  {
    operation: "unmark",
    result: "-EBUSY",
    scheme: "sealed",
    why:
      "superpage entries still exist. Mark and entries are counted in one word, so the unmark sees every entry there is, " +
      "and the swap that would take the mark away fails if one comes in between.",
    isSeenIn: inWord,
  },
  {
    operation: "unmark",
    result: "-EBUSY",
    scheme: "rfc-busy",
    why: "the head frame’s writable count exceeds the limit of this scheme, so somebody may be using the superpage.",
    isSeenIn: inType,
  },
  {
    operation: "unmark",
    result: "-EINVAL",
    why: `the superpage is not marked, or it is ${anothers}.`,
    isSeenIn: inWord,
  },
  {
    operation: "mark",
    result: "-EINVAL",
    why: `the superpage is marked already, or one of its frames is in use as another type, or ${anothers}.`,
    isSeenIn: (shown) => inTableType(shown) || inWord(shown),
  },
  {
    operation: "map 2M",
    result: "-EINVAL",
    why: `a frame of the superpage refused its reference: it is in use as another type, such as a page table, or it is ${anothers}.`,
    isSeenIn: inTableType,
  },
  {
    operation: "map 4K",
    result: "-EINVAL",
    why: `the frame is in use as another type, such as a page table, or it is ${anothers}.`,
    isSeenIn: inTableType,
  },
  {
    operation: "pin",
    result: "-EINVAL",
    why: "a frame’s type changes only while its type count is 0, and this one is in use; or it is pinned already.",
    isSeenIn: inType,
  },
  { operation: "unpin", result: "-EINVAL", why: "the frame is not pinned." },
  { operation: "mark", result: "-EOPNOTSUPP", why: "this scheme has no marks." },
  { operation: "unmark", result: "-EOPNOTSUPP", why: "this scheme has no marks." },
];

/** A hypercall that ended with an errno. */
export interface Refusal {
  /** `unmark() = -EBUSY`. */
  readonly announced: string;
  /** Undefined for an errno that this page has no words for. */
  readonly why: string | undefined;
  /** Where the operation saw it: `load superpage[1] = marked owner 1 nR 0 nW 1`. */
  readonly saw: string | undefined;
}

/** What the last step of a story was refused, if it was. */
export function refusalAtEnd(story: Story): Refusal | undefined {
  const end = story.steps.at(-1);
  const note = end?.step.notes.at(-1);
  if (end === undefined || note === undefined) return undefined;
  const result = String(note.result);
  if (!result.startsWith("-")) return undefined;
  const reason = reasons.find(
    ({ operation, result: wanted, scheme }) =>
      note.label.startsWith(operation) &&
      wanted === result &&
      (scheme === undefined || story.scheme.startsWith(scheme)),
  );
  const saw = story.steps.findLast(
    (shown) =>
      shown.step.vcpu === end.step.vcpu &&
      shown.step.operation === end.step.operation &&
      reason?.isSeenIn?.(shown) === true,
  );
  return { announced: end.notes.at(-1) ?? "", why: reason?.why, saw: saw?.text };
}
