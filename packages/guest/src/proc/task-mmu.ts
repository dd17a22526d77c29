import { type Pfn, _PAGE_ACCESSED, _PAGE_DIRTY, _PAGE_PRESENT } from "@xsp/hypervisor";
import { HPAGE_SIZE, PAGE_SIZE, PMD_SIZE, pteIndex } from "../address-layout.ts";
import type { Kernel } from "../kernel.ts";
import { NO_PAGE } from "../mem-map.ts";
import type { Mm } from "../mm.ts";
import { pteOffset } from "../page-table-pages.ts";
import { entryLow, entryPage } from "../pv-mmu.ts";
import { VM_EXEC, VM_HUGETLB, VM_READ, VM_SHARED, VM_WRITE, type Vma, fileOffset } from "../vma.ts";

/**
 * What /proc/PID shows of an address space. [S L36x fs/proc/task_mmu.c; linux-facts §6.1]
 *
 * Simplified: files have no device, and only segments an inode number: these columns are 0. The name of a file begins at
 * its mount, which has no place in a tree. A page is dirty where the entry is: that another's write made it dirty, which
 * Linux keeps in the page (PageDirty), does not count.
 */

/** Column of the name in /proc/PID/maps: 25, and 6 for each byte of a pointer. [S L36x pad_len_spaces] */
function nameColumn({ style }: Kernel): number {
  return 25 + 6 * (style === "32-bit" ? 4 : 8);
}

/** /proc/PID/maps: `show_map_vma` for each mapping. */
export function maps(kernel: Kernel, mm: Mm): string {
  return mm.vmas.map((vma) => showMapVma(kernel, vma)).join("");
}

function showMapVma(kernel: Kernel, vma: Vma): string {
  const { start, end, flags, offset, file } = vma;
  const permissions = [
    (flags & VM_READ) === 0 ? "-" : "r",
    (flags & VM_WRITE) === 0 ? "-" : "w",
    (flags & VM_EXEC) === 0 ? "-" : "x",
    (flags & VM_SHARED) === 0 ? "p" : "s",
  ].join("");
  const { name, ino } = file === undefined ? { name: "", ino: 0 } : describeFile(kernel, file);
  const columns = `${hex(start, 8)}-${hex(end, 8)} ${permissions} ${hex(offset, 8)} 00:00 ${ino} `;
  return file === undefined ? `${columns}\n` : `${columns.padEnd(nameColumn(kernel))}${name}\n`;
}

/**
 * Name and inode number of a mapped file. Those without a name of their own have one that says what they are; of a System
 * V segment the inode number is its id.
 */
function describeFile(kernel: Kernel, file: NonNullable<Vma["file"]>): { name: string; ino: number } {
  for (const segment of kernel.shm.segments.values()) {
    if (segment.file === file) return { name: `/SYSV${hex(segment.key, 8)} (deleted)`, ino: segment.id };
  }
  if (file.kind === "shmem") return { name: "/dev/zero (deleted)", ino: 0 };
  if (file.name === undefined) return { name: "/anon_hugepage (deleted)", ino: 0 };
  return { name: `/${file.name}${file.linked ? "" : " (deleted)"}`, ino: 0 };
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, "0");
}

/** What the entries of a mapping come to, in bytes: `struct mem_size_stats`. */
interface MemSizeStats {
  resident: number;
  /** Each page divided by how many entries map it. */
  pss: number;
  sharedClean: number;
  sharedDirty: number;
  privateClean: number;
  privateDirty: number;
  referenced: number;
  anonymous: number;
}

/**
 * /proc/PID/smaps: `show_smap` for each mapping. Entries of hugepages are passed over, so such a mapping has a size and
 * is otherwise 0, until Linux 4.4 gave them lines of their own.
 */
export function smaps(kernel: Kernel, mm: Mm): string {
  return mm.vmas.map((vma) => showSmap(kernel, vma)).join("");
}

function showSmap(kernel: Kernel, vma: Vma): string {
  const huge = (vma.flags & VM_HUGETLB) !== 0;
  const mss = huge ? emptyStats() : smapsPteRanges(kernel, vma);
  const pageSize = huge ? HPAGE_SIZE : PAGE_SIZE;
  const lines: [string, number][] = [
    ["Size", vma.end - vma.start],
    ["Rss", mss.resident],
    ["Pss", mss.pss],
    ["Shared_Clean", mss.sharedClean],
    ["Shared_Dirty", mss.sharedDirty],
    ["Private_Clean", mss.privateClean],
    ["Private_Dirty", mss.privateDirty],
    ["Referenced", mss.referenced],
    ["Anonymous", mss.anonymous],
    ["AnonHugePages", 0],
    ["Swap", 0],
    ["KernelPageSize", pageSize],
    ["MMUPageSize", pageSize],
    ["Locked", 0],
  ];
  const shown = lines.map(
    ([name, bytes]) => `${`${name}:`.padEnd(16)}${String(Math.floor(bytes / 1024)).padStart(8)} kB\n`,
  );
  return showMapVma(kernel, vma) + shown.join("");
}

function emptyStats(): MemSizeStats {
  return {
    resident: 0,
    pss: 0,
    sharedClean: 0,
    sharedDirty: 0,
    privateClean: 0,
    privateDirty: 0,
    referenced: 0,
    anonymous: 0,
  };
}

/** Adds up the 4 KiB entries of a mapping: `smaps_pte_range` for each PTE page. */
function smapsPteRanges(kernel: Kernel, vma: Vma): MemSizeStats {
  const mss = emptyStats();
  for (let from = vma.start; from < vma.end;) {
    const next = Math.min(vma.end, (Math.floor(from / PMD_SIZE) + 1) * PMD_SIZE);
    const table = pteOffset(kernel, vma.mm, from);
    if (table !== NO_PAGE) smapsPteRange(kernel, vma, table, from, next, mss);
    from = next;
  }
  return mss;
}

function smapsPteRange(kernel: Kernel, vma: Vma, table: Pfn, from: number, to: number, mss: MemSizeStats): void {
  const cache = vma.file?.kind === "shmem" ? vma.file.pages : undefined;
  for (let address = from; address < to; address += PAGE_SIZE) {
    const index = pteIndex(address);
    const lo = entryLow(kernel, table, index);
    if ((lo & _PAGE_PRESENT) === 0) continue;
    const page = entryPage(kernel, table, index);
    // vm_normal_page: the page of zeroes is nobody's.
    if (page === kernel.zeroPage) continue;
    // The page cache of an object is a user of its pages, too.
    const cached = cache?.get(fileOffset(vma, address) / PAGE_SIZE) === page;
    smapsPteEntry(mss, lo, kernel.memMap.pageCount(page) - (cached ? 1 : 0), !cached);
  }
}

function smapsPteEntry(mss: MemSizeStats, lo: number, mapcount: number, anonymous: boolean): void {
  mss.resident += PAGE_SIZE;
  mss.pss += PAGE_SIZE / mapcount;
  if (anonymous) mss.anonymous += PAGE_SIZE;
  if ((lo & _PAGE_ACCESSED) !== 0) mss.referenced += PAGE_SIZE;
  const dirty = (lo & _PAGE_DIRTY) !== 0;
  if (mapcount >= 2) mss[dirty ? "sharedDirty" : "sharedClean"] += PAGE_SIZE;
  else mss[dirty ? "privateDirty" : "privateClean"] += PAGE_SIZE;
}
