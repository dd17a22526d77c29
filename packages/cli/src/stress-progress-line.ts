import type { StressProgress } from "./stress-threads.ts";

/** Shows how far a stress run is: one line that overwrites itself, on a terminal only. */
export class StressProgressLine {
  private readonly stream: NodeJS.WriteStream;
  private shown = false;

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream;
  }

  show({ rounds, broken, seconds }: StressProgress): void {
    if (!this.stream.isTTY) return;
    this.shown = true;
    const rate = Math.round(rounds / Math.max(0.001, seconds));
    const line = `${rounds} rounds in ${seconds.toFixed(0)} s, ${rate} rounds/s, ${broken} broke a property`;
    this.stream.write(`\r\u001B[2K${line.slice(0, (this.stream.columns ?? 80) - 1)}`);
  }

  /** Takes the line away again. */
  clear(): void {
    if (this.shown) this.stream.write("\r\u001B[2K");
  }
}
