import type { VNode } from "preact";
import { ForkExperiment, FrameExperiment } from "./fork-experiment.tsx";
import { ExplorationExperiment, RaceExperiment, SequenceExperiment } from "./race-experiments.tsx";

/** One step of the lesson. */
interface LessonStep {
  readonly title: string;
  readonly Text: () => VNode;
  readonly Experiment: () => VNode;
}

const unmarkAndPin = [
  { vcpu: 1, begins: "unmark" },
  { vcpu: 1, begins: "pin" },
] as const;

/** The lesson: from one slow fork to the question of 2010, to the hole, to the scheme that closes it. */
export const lessonSteps: readonly [LessonStep, ...LessonStep[]] = [
  {
    title: "One slow fork",
    Text: () => (
      <>
        <p>
          A PV guest’s own page tables are what the CPU walks, so Xen has to check each of them. When a process forks,
          the kernel copies its page tables and hands the child’s to Xen. Every entry that maps a 2 MiB superpage then
          makes Xen take two references on each of its 512 frames: a general one, and one for the type.
        </p>
        <p>Here is a host with a process that maps nearly all of its memory. Fork it.</p>
      </>
    ),
    Experiment: () => <ForkExperiment schemes={["per-frame"]} />,
  },
  {
    title: "What is counted, and why",
    Text: () => (
      <>
        <p>
          For each frame Xen keeps two words. <code>count_info</code> has the general count: while it is not 0, the
          frame belongs to somebody. <code>type_info</code> says what the frame is used as, and how often. Writable
          memory is one type and a page table is another, and the type changes only while its count is 0.
        </p>
        <p>
          That is what keeps a guest out: a frame that it can write is never a page table, and a page table is never a
          frame that it can write. So the counting cannot simply be left out.
        </p>
      </>
    ),
    Experiment: FrameExperiment,
  },
  {
    title: "Mark once, count the head",
    Text: () => (
      <>
        <p>
          The proposal on xen-devel in April 2010: let the guest <em>mark</em> a superpage, once, when the page goes
          into its pool of hugepages. The mark takes a writable reference on all 512 frames. From then on an entry
          counts the head frame only.
        </p>
        <p>
          The scheme <code>rfc</code> does this. The work for each frame moves from every fork to the mark.
        </p>
      </>
    ),
    Experiment: () => <ForkExperiment schemes={["per-frame", "rfc"]} />,
  },
  {
    title: "The open question",
    Text: () => (
      <>
        <p>
          The thread left a question open: how can a guest <em>unmark</em> a superpage safely while entries to it may
          still exist? Under <code>rfc</code> as it was published, nothing ties the two together.
        </p>
        <p>
          The superpage here has two frames. It is marked, and a writable entry maps it. The guest unmarks it, and pins
          its last frame as a page table: two hypercalls, one after another, and no race at all.
        </p>
      </>
    ),
    Experiment: () => <SequenceExperiment scheme="rfc" model="unmark-mapped" operations={unmarkAndPin} />,
  },
  {
    title: "The hole that stayed",
    Text: () => (
      <>
        <p>
          Xen 4.1 to 4.9 kept a word for each superpage, with a count of its entries, so that an unmark while entries
          exist leaves the frames’ references where they are. One after another, all is well.
        </p>
        <p>
          But look at vCPU 1. It reads the word, sees no entry, and decides that its unmark gives the frames’ references
          back. Before its swap, vCPU 0 maps the superpage. The swap fails and is tried again, with the entry counted
          this time; the decision of before stays, and the references go that the entry relies on. To keep it short, the
          superpage has a single frame.
        </p>
      </>
    ),
    Experiment: () => <RaceExperiment scheme="xen-4.1" property="S1" />,
  },
  {
    title: "The scheme that closes it",
    Text: () => (
      <>
        <p>
          Under <code>sealed</code> one word counts the mark and the entries together, and the references belong to that
          word: they go when neither a mark nor an entry needs them. Every attempt decides afresh from the word that it
          swaps, and whoever takes or gives back references is alone for so long.
        </p>
        <p>Try the unmark of step 4 again. Then let the checker explore every interleaving of the race of step 5.</p>
      </>
    ),
    Experiment: () => (
      <>
        <SequenceExperiment scheme="sealed" model="unmark-mapped" operations={unmarkAndPin.slice(0, 1)} />
        <ExplorationExperiment of="xen-4.1" property="S1" scheme="sealed" />
      </>
    ),
  },
];
