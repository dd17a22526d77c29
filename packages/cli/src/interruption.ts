/**
 * Ctrl-C, noticed and not obeyed at once: what is under way gets to save what it has. The second Ctrl-C is the system's
 * again and kills the process.
 */
export class Interruption {
  private readonly tell: () => void;
  private readonly listeners: (() => void)[] = [];
  private readonly notice = (): void => {
    this.requested = true;
    this.tell();
    for (const listener of this.listeners) listener();
  };

  /** Whether Ctrl-C has been pressed. */
  requested = false;

  /** @param tell - says that it was noticed. */
  constructor(tell: () => void) {
    this.tell = tell;
    // Once: with no listener left the signal has its default action again, even while nothing of ours gets to run.
    process.once("SIGINT", this.notice);
  }

  onRequest(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Ctrl-C ends the process again. */
  end(): void {
    process.off("SIGINT", this.notice);
  }
}
