import type { RunProgress } from "@xsp/scenario";

const phaseText: Readonly<Record<RunProgress["phase"], string>> = {
  boot: "building the host, booting the guest",
  pool: "growing the hugepage pool",
  map: "mapping and touching the region",
  fork: "first fork",
  exec: "first exec",
  logins: "answering logins",
  steps: "running the steps",
  exits: "ending the sessions",
  destroy: "destroying the domain",
};

/** The part of a Node stream that a progress line needs, so that whoever calls it needs no types of Node. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  /** Width of the terminal, in characters. */
  readonly columns?: number;
  write(text: string): unknown;
}

/** Shows how far a run is. On a terminal one line that overwrites itself; elsewhere a line for each phase. */
export class ProgressLine {
  private readonly stream: ProgressStream;
  private shown = "";

  constructor(stream: ProgressStream) {
    this.stream = stream;
  }

  show({ scheme, phase, done, total }: RunProgress): void {
    const overwrites = this.stream.isTTY === true;
    const count = overwrites && (phase === "logins" || phase === "steps") ? ` ${done} of ${total}` : "";
    const line = `${scheme}: ${phaseText[phase]}${count}`;
    if (line === this.shown) return;
    this.shown = line;
    this.stream.write(overwrites ? `\r\u001B[2K${line.slice(0, (this.stream.columns ?? 80) - 1)}` : `${line}\n`);
  }

  /** Takes the line away again. */
  clear(): void {
    if (this.stream.isTTY === true && this.shown !== "") this.stream.write("\r\u001B[2K");
    this.shown = "";
  }
}
