import { done, type LocalState, type Model, type Program } from "../../src/index.ts";
import type { Words } from "@xsp/words";

/*
 * A superpage of two frames, counted by one word, as the busy-bit design of the sealed scheme counts it: enough of a
 * real protocol to measure the checker with. Each vCPU maps and unmaps the superpage from its own L2 entry, and one or
 * all of them may also mark and unmark it.
 *
 *   state word:  busy 1 << 12 · mark 1 << 8 · uses (low byte)
 *   type words:  one per frame; +1 while the superpage holds it
 *   entries:     one L2 entry per vCPU, 1 = maps the superpage
 */
const BUSY = 1 << 12;
const MARK = 1 << 8;

interface Superpage {
  readonly state: Words;
  readonly types: Words;
  readonly entries: Words;
}

function acquire(page: Superpage, add: number): boolean {
  for (let seen = page.state.load(0); ;) {
    if ((seen & BUSY) !== 0) {
      seen = page.state.waitWhile(0, seen);
      continue;
    }
    if (add === MARK && (seen & MARK) !== 0) return false;
    const takes = seen === 0;
    const found = page.state.compareAndSwap(0, seen, takes ? BUSY : seen + add);
    if (found !== seen) {
      seen = found;
      continue;
    }
    if (!takes) return true;
    for (let frame = 0; frame < page.types.length; frame++) count(page.types, frame, 1);
    page.state.store(0, add);
    return true;
  }
}

function release(page: Superpage, remove: number): boolean {
  for (let seen = page.state.load(0); ;) {
    if ((seen & BUSY) !== 0) {
      seen = page.state.waitWhile(0, seen);
      continue;
    }
    if (remove === MARK && (seen & MARK) === 0) return false;
    const left = seen - remove;
    const found = page.state.compareAndSwap(0, seen, left === 0 ? BUSY : left);
    if (found !== seen) {
      seen = found;
      continue;
    }
    if (left !== 0) return true;
    for (let frame = page.types.length - 1; frame >= 0; frame--) count(page.types, frame, -1);
    page.state.store(0, 0);
    return true;
  }
}

function count(types: Words, frame: number, step: number): void {
  for (let seen = types.load(frame); ;) {
    const found = types.compareAndSwap(frame, seen, seen + step);
    if (found === seen) return;
    seen = found;
  }
}

/** The twin that forgets to keep others out while it takes the frames' references. */
function acquireUnlocked(page: Superpage, add: number): boolean {
  for (let seen = page.state.load(0); ;) {
    if (add === MARK && (seen & MARK) !== 0) return false;
    const found = page.state.compareAndSwap(0, seen, seen + add);
    if (found !== seen) {
      seen = found;
      continue;
    }
    if (seen === 0) for (let frame = 0; frame < page.types.length; frame++) count(page.types, frame, 1);
    return true;
  }
}

export interface SuperpageOptions {
  readonly vcpus: number;
  readonly frames: number;
  readonly broken?: boolean;
  /** Operations each vCPU does; without it they go on for ever. */
  readonly steps?: number;
}

export function superpage({ vcpus, frames, broken = false, steps = 0 }: SuperpageOptions): Model {
  return {
    name: "superpage",
    options: { vcpus, frames, broken, steps },
    setup(world) {
      const page: Superpage = {
        state: world.allocate(1, "state"),
        types: world.allocate(frames, "types"),
        entries: world.allocate(vcpus, "entries"),
      };
      const take = broken ? acquireUnlocked : acquire;
      const program = (vcpu: number): Program => ({
        name: `vcpu${vcpu}`,
        start: [steps],
        step([left = 0]: LocalState, context) {
          if (steps > 0 && left === 0) return done;
          const next = steps > 0 ? [left - 1] : [left];
          switch (context.choose(4)) {
            case 0:
              context.begin("map");
              if (page.entries.load(vcpu) === 1) return next;
              if (take(page, 1)) page.entries.store(vcpu, 1);
              return next;
            case 1:
              context.begin("unmap");
              if (page.entries.load(vcpu) === 0) return next;
              page.entries.store(vcpu, 0);
              release(page, 1);
              return next;
            case 2:
              context.begin("mark");
              take(page, MARK);
              return next;
            default:
              context.begin("unmark");
              release(page, MARK);
              return next;
          }
        },
      });
      return {
        programs: Array.from({ length: vcpus }, (_, vcpu) => program(vcpu)),
        properties: [
          {
            kind: "always",
            name: "a mapped superpage holds its frames",
            holds: (): boolean => {
              let mapped = false;
              for (let vcpu = 0; vcpu < vcpus; vcpu++) mapped ||= page.entries.load(vcpu) === 1;
              if (!mapped) return true;
              for (let frame = 0; frame < frames; frame++) if (page.types.load(frame) !== 1) return false;
              return true;
            },
          },
          {
            kind: "quiescent",
            name: "counts are conserved",
            holds: (): boolean => {
              let uses = 0;
              for (let vcpu = 0; vcpu < vcpus; vcpu++) uses += page.entries.load(vcpu);
              const state = page.state.load(0);
              if ((state & 0xff) !== uses || (state & BUSY) !== 0) return false;
              for (let frame = 0; frame < frames; frame++) {
                if (page.types.load(frame) !== (state === 0 ? 0 : 1)) return false;
              }
              return true;
            },
          },
          { kind: "sometimes", name: "all map it", holds: (): boolean => (page.state.load(0) & 0xff) === vcpus },
        ],
      };
    },
  };
}
