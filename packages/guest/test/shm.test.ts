import { describe, expect } from "vitest";
import { IPC_CREAT, IPC_EXCL, type IpcCredentials, SHM_HUGETLB, SHM_NORESERVE } from "../src/index.ts";
import { type Fact, HUGEPAGE, checkFacts } from "./hugetlb-facts.ts";
import { ok } from "./small-guest.ts";

const MiB = 2 ** 20;
const user: IpcCredentials = { uid: 1000, groups: [1000], capIpcLock: false, memlock: 65_536 };

const hugetlb: readonly Fact[] = [
  {
    source: "S L39 hugetlb_file_setup",
    fact: "shmget reserves the whole segment for the inode, and attaching it reserves nothing more",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(4);
      const id = ok(guest.shm.get({ size: 3 * HUGEPAGE, flags: SHM_HUGETLB }));
      expect(bench.counters).toEqual([4, 4, 3, 0]);
      const process = bench.spawn();
      const address = ok(guest.shm.at(process, id));
      expect(bench.counters).toEqual([4, 4, 3, 0]);
      bench.write(process, address);
      expect(bench.counters).toEqual([4, 3, 2, 0]);
    },
  },
  {
    source: "S L39 hugetlb_file_setup",
    fact: "shmget is ENOMEM when the reservation fails, and SHM_NORESERVE reserves nothing",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(2);
      expect(guest.shm.get({ size: 3 * HUGEPAGE, flags: SHM_HUGETLB })).toBe(-12);
      expect(bench.counters).toEqual([2, 2, 0, 0]);
      const id = ok(guest.shm.get({ size: 3 * HUGEPAGE, flags: SHM_HUGETLB | SHM_NORESERVE }));
      expect(bench.counters).toEqual([2, 2, 0, 0]);
      const process = bench.spawn();
      // Attaching reserves as any shared mapping does: shmat knows nothing of SHM_NORESERVE.
      expect(guest.shm.at(process, id)).toBe(-12);
      guest.setNrHugepages(3);
      ok(guest.shm.at(process, id));
      expect(bench.counters).toEqual([3, 3, 3, 0]);
    },
  },
  {
    source: "S L39 can_do_hugetlb_shm",
    fact: "shmget is EPERM unless with CAP_IPC_LOCK or in hugetlb_shm_group",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(4);
      const request = { size: HUGEPAGE, flags: SHM_HUGETLB };
      expect(guest.shm.get(request, user)).toBe(-1);
      ok(guest.shm.get(request, { ...user, capIpcLock: true }));
      ok(guest.shm.get(request, { ...user, groups: [1000, 0] }));
      guest.shm.setHugetlbShmGroup(1000);
      ok(guest.shm.get(request, user));
      expect(bench.counters).toEqual([4, 4, 3, 0]);
    },
  },
  {
    source: "S L39 user_shm_lock",
    fact: "a memlock limit that is large enough allows it as well, with a warning, for all segments of a user together",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(4);
      const request = { size: HUGEPAGE, flags: SHM_HUGETLB };
      const limited = { ...user, memlock: 5 * MiB };
      const first = ok(guest.shm.get(request, limited));
      ok(guest.shm.get(request, limited));
      expect(guest.log).toEqual(["Using mlock ulimits for SHM_HUGETLB deprecated"]);
      expect(guest.shm.get(request, limited)).toBe(-1);
      ok(guest.shm.get(request, { ...limited, uid: 1001 }));
      expect(guest.shm.rmid(first)).toBe(0);
      ok(guest.shm.get(request, limited));
    },
  },
  {
    source: "S L39 ipc_addid",
    fact: "shmget is ENOSPC when there are SHMMNI segments already, and reserves nothing",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(1);
      for (let made = 0; made < 4096; made++) ok(guest.shm.get({ size: 1, flags: 0 }));
      expect(guest.shm.get({ size: HUGEPAGE, flags: SHM_HUGETLB })).toBe(-28);
      expect(bench.counters).toEqual([1, 1, 0, 0]);
    },
  },
  {
    source: "S L36x newseg",
    fact: "a size that is no multiple of the hugepage size is rounded up",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(2);
      const id = ok(guest.shm.get({ size: HUGEPAGE + 1, flags: SHM_HUGETLB }));
      expect(bench.counters).toEqual([2, 2, 2, 0]);
      const process = bench.spawn();
      expect(guest.touchAll(process, ok(guest.shm.at(process, id)))).toBeUndefined();
      expect(bench.counters).toEqual([2, 0, 0, 0]);
    },
  },
];

const lives: readonly Fact[] = [
  {
    source: "S L39 ipcget",
    fact: "a key finds the segment that it made",
    holds: ({ guest }) => {
      const request = { size: 8192, key: 7 };
      expect(guest.shm.get({ ...request, flags: 0 })).toBe(-2);
      const id = ok(guest.shm.get({ ...request, flags: IPC_CREAT }));
      expect(guest.shm.get({ ...request, flags: IPC_CREAT })).toBe(id);
      expect(guest.shm.get({ ...request, flags: IPC_CREAT | IPC_EXCL })).toBe(-17);
      expect(guest.shm.get({ key: 7, size: 8193, flags: 0 })).toBe(-22);
      expect(guest.shm.get({ size: 0, flags: IPC_CREAT })).toBe(-22);
      expect(guest.shm.get({ size: 1, flags: 0 })).not.toBe(id);
    },
  },
  {
    source: "D size_t",
    fact: "a size that no size_t can hold is EINVAL, of a new segment and of a known one, and nothing is made",
    holds: ({ guest }) => {
      guest.setNrHugepages(2);
      ok(guest.shm.get({ size: 4096, flags: IPC_CREAT, key: 7 }));
      for (const size of [0.5, 4095.5, -1, -0.5, Number.NaN, Infinity, -Infinity, 2 ** 64]) {
        for (const request of [
          { flags: 0 },
          { flags: SHM_HUGETLB },
          { flags: 0, key: 7 },
          { flags: IPC_CREAT, key: 8 },
        ]) {
          expect(guest.shm.get({ size, ...request })).toBe(-22);
        }
      }
      expect(guest.kernel.shm.segments.size).toBe(1);
      expect(guest.pool().reserved).toBe(0);
    },
  },
  {
    source: "S L39 shm_destroy",
    fact: "IPC_RMID destroys a segment when the last process detaches, and frees its key at once",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(2);
      const id = ok(guest.shm.get({ size: HUGEPAGE, flags: SHM_HUGETLB | IPC_CREAT, key: 7 }));
      const [process, other] = [bench.spawn(), bench.spawn()];
      const address = ok(guest.shm.at(process, id));
      bench.write(process, address);
      expect(guest.shm.rmid(id)).toBe(0);
      expect(guest.shm.get({ size: HUGEPAGE, flags: SHM_HUGETLB, key: 7 })).toBe(-2);
      // Until then it can be attached.
      ok(guest.shm.at(other, id));
      expect(guest.shm.dt(process, address)).toBe(0);
      expect(bench.counters).toEqual([2, 1, 0, 0]);
      guest.exit(other);
      expect(bench.counters).toEqual([2, 2, 0, 0]);
      expect([guest.shm.at(process, id), guest.shm.rmid(id)]).toEqual([-22, -22]);
    },
  },
  {
    source: "S L39 shmdt",
    fact: "shmdt takes only the begin of an attached segment",
    holds: (bench) => {
      const { guest } = bench;
      guest.setNrHugepages(4);
      const id = ok(guest.shm.get({ size: 2 * HUGEPAGE, flags: SHM_HUGETLB }));
      const process = bench.spawn();
      const address = ok(guest.shm.at(process, id, true));
      const mapping = ok(bench.map(process, { pages: 1, shared: true }));
      expect([guest.shm.dt(process, address + HUGEPAGE), guest.shm.dt(process, mapping)]).toEqual([-22, -22]);
      expect(bench.write(process, address)).toBe("SIGSEGV");
      expect(bench.read(process, address)).toBeUndefined();
      expect(guest.shm.dt(process, address)).toBe(0);
      expect(bench.read(process, address)).toBe("SIGSEGV");
      expect(guest.shm.at(process, id + 1)).toBe(-22);
    },
  },
  {
    source: "S L39 newseg",
    fact: "a segment without SHM_HUGETLB has 4 KiB pages",
    holds: (bench) => {
      const { guest } = bench;
      const id = ok(guest.shm.get({ size: 5000, flags: 0 }));
      const process = bench.spawn();
      const address = ok(guest.shm.at(process, id));
      expect(guest.touchAll(process, address)).toBeUndefined();
      expect(guest.processes()[0]?.vmas).toMatchObject([{ kind: "shmem", end: address + 8192 }]);
    },
  },
];

describe("SHM_HUGETLB is as linux-facts §2.2 says:", () => checkFacts(hugetlb));
describe("a System V segment", () => checkFacts(lives));
