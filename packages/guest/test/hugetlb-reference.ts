/**
 * Hugetlb accounting counted by hand: a second opinion for the property test, written from the sentences of
 * linux-facts §2.1 to §2.5 and not from the guest's code.
 *
 * It keeps sets of page numbers where the guest keeps counters. Free and reserved pages are not counters here at all:
 * they are what the sets say, each time they are asked for. Only how many pages there are, and how many of them are
 * surplus, has a history.
 */

/** A hugepage in use. It lives while the page cache or an entry has it. */
interface Page {
  cached: boolean;
  mappers: number;
  readonly mount: ReferenceMount;
}

export interface ReferenceMount {
  /** Hugepages; undefined without limit. */
  readonly size: number | undefined;
  readonly minimum: number;
}

export interface ReferenceFile {
  readonly mount: ReferenceMount;
  /** Hugepages. */
  size: number;
  /** Indices that are reserved now or were earlier. */
  reserved: Set<number>;
  readonly cache: Map<number, Page>;
  named: boolean;
  opens: number;
}

interface Entry {
  page: Page;
  writable: boolean;
}

export interface ReferenceMapping {
  readonly process: number;
  readonly file: ReferenceFile;
  /** Indices of the file: [from, to). */
  from: number;
  to: number;
  /** Address of `from`. */
  address: number;
  readonly shared: boolean;
  writable: boolean;
  /** It reserved its whole length for itself. */
  owner: boolean;
  /** Of that, what it took. */
  consumed: Set<number>;
  entries: Map<number, Entry>;
  /** A page was torn away from it. */
  torn: boolean;
}

export type Outcome = "ok" | "ENOMEM" | "SIGBUS" | "SIGSEGV";

export class HugetlbReference {
  total = 0;
  surplus = 0;
  overcommit = 0;
  readonly mounts: ReferenceMount[] = [];
  files: ReferenceFile[] = [];
  mappings: ReferenceMapping[] = [];

  /** Everything in use: each page once, however often it is mapped. */
  private get pages(): Set<Page> {
    const pages = new Set<Page>();
    for (const { cache } of this.files) for (const page of cache.values()) pages.add(page);
    for (const { entries } of this.mappings) for (const { page } of entries.values()) pages.add(page);
    return pages;
  }

  /** Reservations of a mount's files and mappings of which no page was taken. */
  private unused(mount: ReferenceMount): number {
    let sum = 0;
    for (const file of this.files) {
      if (file.mount === mount) for (const index of file.reserved) if (!file.cache.has(index)) sum++;
    }
    for (const { file, owner, from, to, consumed } of this.mappings) {
      if (owner && file.mount === mount) sum += to - from - consumed.size;
    }
    return sum;
  }

  /** What a mount uses or has reserved. */
  used(mount: ReferenceMount): number {
    let inUse = 0;
    for (const page of this.pages) if (page.mount === mount) inUse++;
    return inUse + this.unused(mount);
  }

  get free(): number {
    return this.total - this.pages.size;
  }

  get reserved(): number {
    let sum = 0;
    for (const mount of this.mounts) {
      sum += this.unused(mount) + Math.max(0, mount.minimum - this.used(mount));
    }
    return sum;
  }

  /** A write to nr_hugepages: surplus first, then new ones; down to what is reserved or in use, the rest is surplus. */
  resize(count: number): void {
    const persistent = (): number => this.total - this.surplus;
    if (count > persistent()) this.surplus -= Math.min(this.surplus, count - persistent());
    if (count > persistent()) this.total += count - persistent();
    const kept = Math.max(count, this.reserved + this.pages.size);
    if (persistent() > kept) this.total -= persistent() - kept;
    if (persistent() > count) this.surplus += persistent() - count;
  }

  /** Adds so many reservations if they can be had: `record` writes down whose they are. */
  private reserve(mount: ReferenceMount, wanted: number, record: () => void): Outcome {
    if (mount.size !== undefined && this.used(mount) + wanted > mount.size) return "ENOMEM";
    const covered = Math.min(wanted, Math.max(0, mount.minimum - this.used(mount)));
    const missing = this.reserved + wanted - covered - this.free;
    if (missing > 0) {
      if (this.surplus + missing > this.overcommit) return "ENOMEM";
      this.total += missing;
      this.surplus += missing;
    }
    record();
    return "ok";
  }

  /** Does something by which reservations or pages go. Surplus pages go back to the buddy, as many as that freed. */
  private release(mount: ReferenceMount, work: () => void): void {
    const before = this.reserved + this.pages.size;
    work();
    const freed = before - this.reserved - this.pages.size;
    if (freed < 0) throw new Error(`reference: ${mount.minimum} are kept and ${freed} freed`);
    const back = Math.min(freed, this.surplus);
    this.surplus -= back;
    this.total -= back;
  }

  /** A mount with a minimum reserves it at once. */
  addMount(size: number | undefined, minimum: number): ReferenceMount | undefined {
    const mount = { size, minimum };
    const missing = this.reserved + minimum - this.free;
    if (missing > 0) {
      if (this.surplus + missing > this.overcommit) return undefined;
      this.total += missing;
      this.surplus += missing;
    }
    this.mounts.push(mount);
    return mount;
  }

  removeMount(mount: ReferenceMount): void {
    this.release(mount, () => {
      for (const file of this.files) if (file.mount === mount) this.dropTail(file, 0);
      this.files = this.files.filter((file) => file.mount !== mount);
      this.mounts.splice(this.mounts.indexOf(mount), 1);
    });
  }

  addFile(mount: ReferenceMount, size: number): ReferenceFile {
    const file: ReferenceFile = { mount, size, reserved: new Set(), cache: new Map(), named: true, opens: 0 };
    this.files.push(file);
    return file;
  }

  /** A segment reserves its whole length for the file. */
  reserveFile(file: ReferenceFile): Outcome {
    return this.reserve(file.mount, file.size, () => {
      for (let index = 0; index < file.size; index++) file.reserved.add(index);
    });
  }

  map(mapping: ReferenceMapping, noReserve: boolean): Outcome {
    const { file, from, to, shared } = mapping;
    const indices = Array.from({ length: to - from }, (_, index) => from + index);
    const wanted = shared ? indices.filter((index) => !file.reserved.has(index)) : indices;
    const outcome = noReserve
      ? "ok"
      : this.reserve(file.mount, wanted.length, () => {
          if (shared) for (const index of wanted) file.reserved.add(index);
          else mapping.owner = true;
          this.mappings.push(mapping);
        });
    if (outcome !== "ok") return outcome;
    if (noReserve) this.mappings.push(mapping);
    if (mapping.writable) file.size = Math.max(file.size, to);
    return "ok";
  }

  /** Takes a page for a fault: from its reservation, or one that nobody reserved, or a surplus one. */
  private take(mapping: ReferenceMapping, index: number): Page | undefined {
    const { file, shared, owner, consumed } = mapping;
    const { mount } = file;
    const own = shared ? file.reserved.has(index) : owner && !consumed.has(index);
    if (!own) {
      const used = this.used(mount);
      if (mount.size !== undefined && used >= mount.size) return undefined;
      if (used >= mount.minimum && this.free <= this.reserved) {
        if (this.surplus >= this.overcommit) return undefined;
        this.surplus++;
        this.total++;
      }
    }
    if (shared) file.reserved.add(index);
    else if (owner) consumed.add(index);
    return { cached: shared, mappers: 0, mount };
  }

  touch(mapping: ReferenceMapping, index: number, write: boolean): Outcome {
    if (write && !mapping.writable) return "SIGSEGV";
    const { file, entries, shared } = mapping;
    let entry = entries.get(index);
    if (entry === undefined) {
      if (mapping.torn) return "SIGBUS";
      let page = file.cache.get(index);
      if (page === undefined) {
        if (index >= file.size) return "SIGBUS";
        page = this.take(mapping, index);
        if (page === undefined) return "SIGBUS";
        if (shared) file.cache.set(index, page);
      }
      page.mappers++;
      entry = { page, writable: shared && mapping.writable };
      entries.set(index, entry);
    }
    return write && !entry.writable ? this.copyOnWrite(mapping, index, entry) : "ok";
  }

  private copyOnWrite(mapping: ReferenceMapping, index: number, entry: Entry): Outcome {
    const old = entry.page;
    if (old.cached || old.mappers > 1) {
      const page = this.take(mapping, index);
      if (page === undefined) {
        if (old.cached || !mapping.owner) return "SIGBUS";
        this.tear(mapping, index, old);
      } else {
        // The new page is in use from here on, the old one perhaps no longer.
        page.mappers = 1;
        const { mount } = old;
        entry.page = page;
        const spare = { ...mapping, entries: new Map([[index, { page: old, writable: false }]]), owner: false };
        this.mappings.push(spare);
        this.release(mount, () => {
          old.mappers--;
          this.mappings.pop();
        });
      }
    }
    entry.writable = true;
    return "ok";
  }

  private tear(owner: ReferenceMapping, index: number, page: Page): void {
    for (const other of this.mappings) {
      if (other === owner || other.owner || other.entries.get(index)?.page !== page) continue;
      other.entries.delete(index);
      other.torn = true;
      page.mappers--;
    }
  }

  /** The child gets the parent's entries, read-only where private, and nothing reserved. */
  fork(parent: number, child: number): void {
    for (const mapping of this.mappings.filter(({ process }) => process === parent)) {
      const entries = new Map<number, Entry>();
      for (const [index, entry] of mapping.entries) {
        if (!mapping.shared) entry.writable = false;
        entry.page.mappers++;
        entries.set(index, { ...entry });
      }
      this.mappings.push({ ...mapping, process: child, owner: false, consumed: new Set(), entries, torn: false });
    }
  }

  /** Cuts [from, to) out of a mapping; what is left of it are up to two mappings. */
  unmap(mapping: ReferenceMapping, from: number, to: number): void {
    const part = (start: number, end: number): ReferenceMapping => ({
      ...mapping,
      from: start,
      to: end,
      address: mapping.address + (start - mapping.from) * 2 ** 21,
      consumed: new Set([...mapping.consumed].filter((index) => index >= start && index < end)),
      entries: new Map([...mapping.entries].filter(([index]) => index >= start && index < end)),
    });
    const kept = [part(mapping.from, from), part(to, mapping.to)].filter((each) => each.from < each.to);
    this.release(mapping.file.mount, () => {
      for (const { page } of part(from, to).entries.values()) page.mappers--;
      this.mappings.splice(this.mappings.indexOf(mapping), 1, ...kept);
      this.forget(mapping.file);
    });
  }

  /** Entries of a shared mapping may be written if the mapping may; those of a private one when a write has looked. */
  protect(mapping: ReferenceMapping, writable: boolean): void {
    mapping.writable = writable;
    for (const entry of mapping.entries.values()) entry.writable = mapping.shared && writable;
  }

  exit(process: number): void {
    for (const mapping of this.mappings.filter((each) => each.process === process)) {
      this.unmap(mapping, mapping.from, mapping.to);
    }
  }

  truncate(file: ReferenceFile, size: number): void {
    this.release(file.mount, () => this.dropTail(file, size));
  }

  unlink(file: ReferenceFile): void {
    this.release(file.mount, () => {
      file.named = false;
      this.forget(file);
    });
  }

  close(file: ReferenceFile): void {
    this.release(file.mount, () => {
      file.opens--;
      this.forget(file);
    });
  }

  private dropTail(file: ReferenceFile, size: number): void {
    file.size = size;
    for (const mapping of this.mappings) {
      if (mapping.file !== file) continue;
      for (const [index, { page }] of mapping.entries) {
        if (index < size) continue;
        page.mappers--;
        mapping.entries.delete(index);
      }
    }
    for (const index of file.cache.keys()) if (index >= size) file.cache.delete(index);
    file.reserved = new Set([...file.reserved].filter((index) => index < size));
  }

  /** Nothing of a file is left when nobody names, opens or maps it. */
  private forget(file: ReferenceFile): void {
    if (file.named || file.opens > 0 || this.mappings.some((mapping) => mapping.file === file)) return;
    this.dropTail(file, 0);
    this.files = this.files.filter((each) => each !== file);
  }
}
