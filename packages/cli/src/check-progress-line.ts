/** How far a check is. */
export interface CheckProgress {
  readonly model: string;
  readonly scheme: string;
  readonly done: number;
  readonly total: number;
  readonly states: number;
  readonly transitions: number;
  readonly queue: number;
  readonly depth: number;
  readonly bytes: number;
}

/** The explorer's own limit where none is given. */
const MEMORY_BUDGET = 2 ** 31;
/** Milliseconds from one line to the next. */
const EVERY = 200;

/** Shows how far a check is: one line that overwrites itself, on a terminal only. */
export class CheckProgressLine {
  private readonly stream: NodeJS.WriteStream;
  private place = "";
  private started = 0;
  private shown = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream;
  }

  show(progress: CheckProgress): void {
    if (!this.stream.isTTY) return;
    const now = performance.now();
    const place = `${progress.model}, ${progress.scheme}`;
    if (place !== this.place) {
      this.place = place;
      this.started = now;
    }
    if (now - this.shown < EVERY) return;
    this.shown = now;
    const rate = Math.round(progress.states / Math.max(0.001, (now - this.started) / 1000));
    const line =
      `[${progress.done + 1}/${progress.total}] ${place}: ${progress.states} states, ` +
      `${progress.transitions} transitions, queue ${progress.queue}, depth ${progress.depth}, ${rate} states/s, ` +
      `${Math.round((100 * progress.bytes) / MEMORY_BUDGET)} % of memory`;
    this.stream.write(`\r\u001B[2K${line.slice(0, (this.stream.columns ?? 80) - 1)}`);
  }

  /** Takes the line away again. */
  clear(): void {
    if (this.stream.isTTY && this.shown > 0) this.stream.write("\r\u001B[2K");
  }
}
