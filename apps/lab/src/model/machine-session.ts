import {
  type Guest,
  MAP_ANONYMOUS,
  MAP_HUGETLB,
  MAP_SHARED,
  type PoolTotals,
  type Process,
  bootGuest,
  isErrno,
} from "@xsp/guest";
import {
  type Host,
  type SchemeName,
  type SuperpageState,
  audit,
  createHost,
  describeFrame,
  errnoName,
  perfDifference,
  snapshotPerf,
  superpageState,
} from "@xsp/hypervisor";
import { type EventCounts, type ProfileName, costProfiles, eventCounts, modelledTime } from "@xsp/scenario";
import { type Colouring, classNames, classesOf } from "./frame-classes.ts";
import { type MachineAction, machineActions } from "./machine-actions.ts";

/*
 * A host with one guest, driven one action at a time. What a scenario does in one go can be done here by hand:
 *
 *   boot ─► pool ─► map ─► fork ─► exec ─► exit
 *                           └── as often as you like ──┘
 */

/** What a machine is built with. */
export interface MachineSettings {
  readonly scheme: SchemeName;
  /** Memory of the host in GiB. */
  readonly gib: number;
  readonly profile: ProfileName;
}

/** What one action came to. */
export interface ActionRecord {
  readonly action: MachineAction | "boot";
  readonly events: EventCounts;
  readonly modelledNs: number;
  readonly wallNs: number;
  /** What there is to say of it, in words. */
  readonly said: string;
}

/** A machine as the page shows it. */
export interface MachineState {
  readonly settings: MachineSettings;
  readonly frames: number;
  readonly pool: PoolTotals;
  readonly processes: readonly { readonly pid: number; readonly comm: string; readonly hugepages: number }[];
  /** What can be done now. */
  readonly able: readonly MachineAction[];
  /** Everything done so far, in order. */
  readonly done: readonly ActionRecord[];
  readonly modelledNs: number;
}

/** One frame, in words. */
export interface FrameWords {
  readonly frame: number;
  /** As Xen's logs print it, decoded. */
  readonly text: string;
  readonly superpage: number;
  readonly state: SuperpageState;
}

const PAGE = 4096;
const GIB = 2 ** 30;
const HUGEPAGE = 2 ** 21;

/** What is left to Xen and to the guest's own page tables and processes, as shares of memory. */
const XEN_SHARE = 64;
const KERNEL_SHARE = 16;

/** The machine. */
export class MachineSession {
  readonly settings: MachineSettings;
  readonly host: Host;
  private readonly guest: Guest;
  private readonly now: () => number;
  private readonly records: ActionRecord[] = [];
  private instance: Process | undefined;
  private readonly children: Process[] = [];
  private classes: { readonly colouring: Colouring; readonly after: number; readonly of: Uint8Array } | undefined;

  /**
   * Builds a host and boots a guest on it.
   *
   * @param now - nanoseconds since any fixed moment.
   */
  constructor(settings: MachineSettings, now: () => number) {
    this.settings = settings;
    this.now = now;
    const frames = (settings.gib * GIB) / PAGE;
    const started = now();
    this.host = createHost({ frames, scheme: settings.scheme });
    const before = snapshotPerf(this.host);
    this.guest = bootGuest(this.host, { frames: frames - frames / XEN_SHARE });
    const { plainPteStores, pageFaults } = this.guest.events();
    const events = eventCounts(perfDifference(before, snapshotPerf(this.host)), {
      guestStores: plainPteStores,
      pageFaults,
    });
    this.note("boot", events, now() - started, "a host was built and a guest booted on it");
  }

  /** Hugepages of the pool and of the region. */
  private get hugepages(): number {
    const guest = this.guest.frames * PAGE;
    return Math.floor((guest - guest / KERNEL_SHARE) / HUGEPAGE);
  }

  /** The machine as it is now. */
  state(): MachineState {
    return {
      settings: this.settings,
      frames: this.host.frames,
      pool: this.guest.pool(),
      processes: this.guest.processes().map(({ pid, comm, hugepagesMapped }) => {
        return { pid, comm, hugepages: hugepagesMapped };
      }),
      able: machineActions.filter((action) => this.canDo(action)),
      done: [...this.records],
      modelledNs: this.records.reduce((sum, { modelledNs }) => sum + modelledNs, 0),
    };
  }

  private canDo(action: MachineAction): boolean {
    const { total } = this.guest.pool();
    switch (action) {
      case "pool":
        return total === 0;
      case "map":
        return total > 0 && this.instance === undefined;
      case "fork":
        return this.instance !== undefined;
      case "exec":
      case "exit":
        return this.children.length > 0;
      case "audit":
        return true;
    }
  }

  /**
   * Does something.
   *
   * @throws RangeError when it cannot be done now, or the guest refuses it.
   */
  act(action: MachineAction): MachineState {
    if (!this.canDo(action)) throw new RangeError(`${action} cannot be done now`);
    const perf = snapshotPerf(this.host);
    const own = this.guest.events();
    const started = this.now();
    const said = this.perform(action);
    const wallNs = this.now() - started;
    const after = this.guest.events();
    const faults = (events: typeof own): number => events.pageFaults + events.hugepageFaults;
    const events = eventCounts(perfDifference(perf, snapshotPerf(this.host)), {
      guestStores: after.plainPteStores - own.plainPteStores,
      pageFaults: faults(after) - faults(own),
    });
    this.note(action, events, wallNs, said);
    return this.state();
  }

  private note(action: ActionRecord["action"], events: EventCounts, wallNs: number, said: string): void {
    const modelledNs = modelledTime(events, costProfiles[this.settings.profile]);
    this.records.push({ action, events, modelledNs, wallNs, said });
  }

  private perform(action: MachineAction): string {
    switch (action) {
      case "pool":
        return this.fillPool();
      case "map":
        return this.mapRegion();
      case "fork":
        return this.fork();
      case "exec":
        return this.exec();
      case "exit":
        return this.exit();
      case "audit": {
        const differences = audit(this.host).length;
        return differences === 0 ? "every count equals what exists" : `${differences} counts differ from what exists`;
      }
    }
  }

  private fillPool(): string {
    const total = this.guest.setNrHugepages(this.hugepages);
    const { marked } = this.guest.pool();
    return `${count(total)} hugepages in the pool, ${marked === 0 ? "none" : count(marked)} of them marked`;
  }

  private mapRegion(): string {
    const instance = succeed(this.guest.spawn("instance"), "spawn");
    const { total } = this.guest.pool();
    const flags = MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB;
    const address = succeed(this.guest.mmap(instance, { length: total * HUGEPAGE, flags }), "mmap");
    const signal = this.guest.touchAll(instance, address);
    if (signal !== undefined) throw new RangeError(`touching the region ended with ${signal}`);
    this.instance = instance;
    return `a process maps ${count(total)} hugepages, and has touched each`;
  }

  private fork(): string {
    const parent = this.instance as Process;
    this.guest.switchTo(parent);
    const child = succeed(this.guest.fork(parent), "fork");
    this.children.push(child);
    return `process ${child.pid} maps all that its parent maps`;
  }

  private exec(): string {
    const child = this.children.at(-1) as Process;
    succeed(this.guest.exec(child, "session"), "exec");
    return `process ${child.pid} has an empty address space`;
  }

  private exit(): string {
    const child = this.children.pop() as Process;
    this.guest.exit(child);
    this.guest.switchTo(this.instance as Process);
    return `process ${child.pid} has ended`;
  }

  /** The class of every frame. Kept until something is done. */
  classesBy(colouring: Colouring): Uint8Array {
    const after = this.records.length;
    if (this.classes?.colouring !== colouring || this.classes.after !== after) {
      this.classes = { colouring, after, of: classesOf(this.host, colouring) };
    }
    return this.classes.of;
  }

  /** How many frames there are of each class. */
  legend(colouring: Colouring): { readonly name: string; readonly frames: number }[] {
    const names = classNames(colouring);
    const frames = new Float64Array(names.length);
    for (const each of this.classesBy(colouring)) frames[each]!++;
    return names.map((name, index) => ({ name, frames: frames[index] as number }));
  }

  /**
   * One frame decoded.
   *
   * @throws RangeError for a frame that the host does not have.
   */
  frame(frame: number): FrameWords {
    if (!this.host.mfnValid(frame)) throw new RangeError(`frame ${frame}: expected one below ${this.host.frames}`);
    const order = this.host.superpageOrder;
    const superpage = frame >>> order;
    const state = superpageState(this.host, superpage << order);
    return { frame, text: describeFrame(this.host, frame), superpage, state };
  }
}

function count(value: number): string {
  return value.toLocaleString("en");
}

function succeed<T>(result: T | number, what: string): T {
  if (isErrno(result)) throw new RangeError(`${what} returned ${errnoName(result)}`);
  return result;
}
