import type { CheckProgress } from "./check-job.ts";

/** Milliseconds from one line to the next: on a terminal, where it overwrites itself, and elsewhere. */
const EVERY = { terminal: 200, elsewhere: 5000 } as const;

/**
 * Shows how far checks are: on a terminal one line that overwrites itself; elsewhere a line now and then, and whenever
 * another check begins.
 */
export class CheckProgressLine {
  private readonly stream: NodeJS.WriteStream;
  private readonly total: number;
  private readonly memory: number;
  private readonly isShown: boolean;
  private done = 0;
  /** States of the checks that are done. */
  private settled = 0;
  private begun: { readonly at: number; readonly states: number } | undefined;
  private shown = -Infinity;
  private names = "";

  /**
   * @param total - how many checks there are.
   * @param memory - the bytes that all of them together may use.
   * @param isShown - whether anything is shown at all.
   */
  constructor(stream: NodeJS.WriteStream, total: number, memory: number, isShown: boolean) {
    this.stream = stream;
    this.total = total;
    this.memory = memory;
    this.isShown = isShown;
  }

  /** Shows the checks under way. */
  show(running: readonly CheckProgress[]): void {
    if (!this.isShown) return;
    const now = performance.now();
    const sum = (field: "states" | "transitions" | "queue" | "bytes"): number =>
      running.reduce((total, progress) => total + progress[field], 0);
    const states = this.settled + sum("states");
    this.begun ??= { at: now, states };
    const names = running.map(({ model, scheme }) => `${model} ${scheme}`).join(", ");
    const isNews = !this.stream.isTTY && names !== this.names;
    if (!isNews && now - this.shown < (this.stream.isTTY ? EVERY.terminal : EVERY.elsewhere)) return;
    this.shown = now;
    this.names = names;
    const seconds = (now - this.begun.at) / 1000;
    const rate = seconds < 0.5 ? "" : `${figure((states - this.begun.states) / seconds)} states/s, `;
    const line =
      `${this.total === 1 ? "" : `[${this.done} of ${this.total} done] `}${figure(sum("states"))} states, ` +
      `${figure(sum("transitions"))} transitions, queue ${figure(sum("queue"))}, ` +
      `depth ${Math.max(...running.map(({ depth }) => depth))}, ${rate}` +
      `${Math.round((100 * sum("bytes")) / this.memory)} % of memory: ${names}`;
    this.stream.write(this.stream.isTTY ? `\r\u001B[2K${line.slice(0, (this.stream.columns ?? 80) - 1)}` : `${line}\n`);
  }

  /** Counts a check that is done. */
  count({ states }: { readonly states: number }): void {
    this.done++;
    this.settled += states;
  }

  /** Takes the line away again. */
  clear(): void {
    if (this.stream.isTTY && this.shown > 0) this.stream.write("\r\u001B[2K");
  }
}

function figure(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
