import {
  type Host,
  OWNER_NONE,
  OWNER_XEN,
  PGC_count_mask,
  PGC_state_free,
  PGC_state_mask,
  PGT_count_mask,
  decodeTypeInfo,
  loadOwner,
} from "@xsp/hypervisor";

/*
 * What a frame can be coloured by. Each way puts every frame into one of a few classes; a class has a name in words, so
 * that the legend says what a colour means.
 */

/** What frames are coloured by. */
export const colourings = ["type", "type count", "general count", "owner"] as const;
/** One of them. */
export type Colouring = (typeof colourings)[number];

/** A frame that nobody owns comes first in every colouring. */
const FREE = 0;

const typeClasses = [
  "free",
  "no type: not in use as anything",
  "writable memory",
  "L1 page table",
  "L2 page table",
  "L3 page table",
  "L4 page table",
  "segment descriptors, or shared",
] as const;

const countClasses = [
  "free",
  "count 0",
  "count 1",
  "count 2",
  "count 3",
  "count 4 to 7",
  "count 8 to 15",
  "count 16 to 63",
  "count 64 to 255",
  "count 256 and more",
] as const;

const ownerClasses = ["free", "Xen", "the guest"] as const;

/** Names of the classes of a colouring, in the order of their numbers. */
export function classNames(colouring: Colouring): readonly string[] {
  if (colouring === "type") return typeClasses;
  return colouring === "owner" ? ownerClasses : countClasses;
}

/** Class of a type, by the highest four bits of its word; with a count of 0 the type is history only. */
const classOfType = Uint8Array.from({ length: 16 }, (_, type) => {
  const { typeName } = decodeTypeInfo(type << 28);
  const level = /^l([1-4])$/.exec(typeName)?.[1];
  if (level !== undefined) return 2 + Number(level);
  return typeName === "writable" ? 2 : 7;
});

function classOfCount(count: number): number {
  if (count <= 3) return count + 1;
  if (count < 8) return 5;
  if (count < 16) return 6;
  if (count < 64) return 7;
  return count < 256 ? 8 : 9;
}

/**
 * The class of every frame of a host.
 *
 * Cost: one load of each word that is looked at, for each frame.
 */
export function classesOf(host: Host, colouring: Colouring): Uint8Array {
  const { frames, count, type, owner } = host;
  const classes = new Uint8Array(frames);
  for (let frame = 0; frame < frames; frame++) {
    if ((count.load(frame) & PGC_state_mask) === PGC_state_free) {
      classes[frame] = FREE;
      continue;
    }
    switch (colouring) {
      case "type": {
        const word = type.load(frame);
        classes[frame] = (word & PGT_count_mask) === 0 ? 1 : (classOfType[word >>> 28] as number);
        break;
      }
      case "type count":
        classes[frame] = classOfCount(type.load(frame) & PGT_count_mask);
        break;
      case "general count":
        classes[frame] = classOfCount(count.load(frame) & PGC_count_mask);
        break;
      case "owner": {
        const slot = loadOwner(owner, frame);
        // Xen's heap has no owner's name.
        classes[frame] = slot === OWNER_NONE || slot === OWNER_XEN ? 1 : 2;
        break;
      }
    }
  }
  return classes;
}
