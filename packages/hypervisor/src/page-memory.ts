import { type Words, type WordsAllocator, fillWords } from "@xsp/words";

/** Frames per block of the directory, and pages per slab of contents, log2. */
const BLOCK_ORDER = 9;
const SLAB_ORDER = 6;

/**
 * The contents of machine memory, simulated lazily: a frame that was never written reads as zero and costs nothing.
 *
 * ```text
 *   directory[frame >> 9] ──► block[frame & 511] ──► page number + 1
 *                                                      │
 *                         slabs[page >> 6] ◄───────────┴──► notes[page >> 6]
 *                         entries as lo, hi word pairs       one word about the page
 * ```
 *
 * The note of a page is what Xen keeps in `page_info` only while the frame is a page table: how far validation came,
 * and how many linear references it holds or is the target of. Frames that are no page tables need none, so it stands
 * with the contents and not in the frame table.
 *
 * Cost: 8 bytes an entry for the frames that were written; looking a frame up is two array reads.
 */
export class PageMemory {
  /** Entries in a frame: 512, fewer in small models. */
  readonly entries: number;
  private readonly allocate: WordsAllocator;
  private readonly directory: (Int32Array | undefined)[];
  private readonly slabs: Words[] = [];
  private readonly notes: Words[] = [];
  private readonly released: number[] = [];
  private readonly resident: boolean;
  private pages = 0;

  /**
   * @param frames - frames of the host.
   * @param tableOrder - log2 of the entries in a frame.
   * @param allocate - makes the words.
   * @param resident - give every frame its words at once and for ever: for hosts whose runs are replayed, where
   * the place of a frame's contents must not depend on who wrote first.
   */
  constructor(frames: number, tableOrder: number, allocate: WordsAllocator, resident: boolean) {
    this.entries = 1 << tableOrder;
    this.allocate = allocate;
    this.directory = Array.from({ length: (frames >> BLOCK_ORDER) + 1 }, () => undefined);
    this.resident = resident;
    if (resident) for (let frame = 0; frame < frames; frame++) this.materialize(frame);
  }

  /** Number of the page that holds a frame's contents; −1 when the frame was never written. */
  find(frame: number): number {
    const block = this.directory[frame >> BLOCK_ORDER];
    return block === undefined ? -1 : (block[frame & ((1 << BLOCK_ORDER) - 1)] as number) - 1;
  }

  /** Words that hold a page; its first word is at {@link PageMemory.offset}. */
  slab(page: number): Words {
    return this.slabs[page >> SLAB_ORDER] as Words;
  }

  /** Index of a page's first word in its slab. */
  offset(page: number): number {
    return (page & ((1 << SLAB_ORDER) - 1)) * this.entries * 2;
  }

  /** Number of the page that holds a frame's contents, made zeroed if there is none yet. */
  materialize(frame: number): number {
    let block = this.directory[frame >> BLOCK_ORDER];
    if (block === undefined) {
      block = new Int32Array(1 << BLOCK_ORDER);
      this.directory[frame >> BLOCK_ORDER] = block;
    }
    const index = frame & ((1 << BLOCK_ORDER) - 1);
    const known = block[index] as number;
    if (known !== 0) return known - 1;
    const page = this.released.pop() ?? this.pages++;
    if (page >> SLAB_ORDER === this.slabs.length) {
      const pages = 1 << SLAB_ORDER;
      this.slabs.push(this.allocate(pages * this.entries * 2, "page memory"));
      this.notes.push(this.allocate(pages, "page-table notes"));
    }
    block[index] = page + 1;
    return page;
  }

  loadLo(frame: number, entry: number): number {
    const page = this.find(frame);
    return page < 0 ? 0 : this.slab(page).load(this.offset(page) + 2 * entry);
  }

  loadHi(frame: number, entry: number): number {
    const page = this.find(frame);
    return page < 0 ? 0 : this.slab(page).load(this.offset(page) + 2 * entry + 1);
  }

  /** Stores an entry: the high word first, so that nobody sees a present entry with half an address. */
  store(frame: number, entry: number, lo: number, hi: number): void {
    let page = this.find(frame);
    if (page < 0) {
      if (lo === 0 && hi === 0) return;
      page = this.materialize(frame);
    }
    const slab = this.slab(page);
    const index = this.offset(page) + 2 * entry;
    slab.store(index + 1, hi);
    slab.store(index, lo);
  }

  /** The note about a page table: see `page-table-note.ts`. */
  loadNote(frame: number): number {
    const page = this.find(frame);
    return page < 0 ? 0 : (this.notes[page >> SLAB_ORDER] as Words).load(page & ((1 << SLAB_ORDER) - 1));
  }

  storeNote(frame: number, note: number): void {
    let page = this.find(frame);
    if (page < 0) {
      if (note === 0) return;
      page = this.materialize(frame);
    }
    (this.notes[page >> SLAB_ORDER] as Words).store(page & ((1 << SLAB_ORDER) - 1), note);
  }

  /** Swaps the note as {@link Words.compareAndSwap} does. */
  swapNote(frame: number, expected: number, desired: number): number {
    const page = this.materialize(frame);
    return (this.notes[page >> SLAB_ORDER] as Words).compareAndSwap(page & ((1 << SLAB_ORDER) - 1), expected, desired);
  }

  /** Makes a frame read as zero again. */
  clear(frame: number): void {
    const page = this.find(frame);
    if (page < 0) return;
    const offset = this.offset(page);
    fillWords(this.slab(page), 0, offset, offset + this.entries * 2);
  }

  /** Forgets a freed frame's note and contents, and gives its words to the next frame that is written. */
  release(frame: number): void {
    const page = this.find(frame);
    if (page < 0) return;
    this.storeNote(frame, 0);
    // Xen does not scrub what a guest releases, either; only that it costs no words is wanted here.
    if (this.resident) return;
    this.clear(frame);
    (this.directory[frame >> BLOCK_ORDER] as Int32Array)[frame & ((1 << BLOCK_ORDER) - 1)] = 0;
    this.released.push(page);
  }

  /** Copies a frame's contents. */
  copy(to: number, from: number): void {
    for (let entry = 0; entry < this.entries; entry++) {
      this.store(to, entry, this.loadLo(from, entry), this.loadHi(from, entry));
    }
  }
}
