/** A module that gave no final result by then is given no more time; the agent's own bound is shorter for most commands. */
const PATIENCE_MS = 120_000;
/** Final results (manual §1.3); a refusal of the server is one, too. */
const FINAL = /^(OK|ERROR|\+CM[ES] ERROR:.*|NO CARRIER)$/m;

/** Hears when a command of the console has ended. */
export class CommandEnds {
  private heard = "";
  private wake: (() => void) | undefined;
  private isOver = false;

  hear(from: "sent" | "received" | "note", text: string): void {
    if (from === "sent") this.heard = "";
    else this.heard += `${text.replaceAll("\r", "")}\n`;
    if ((from === "note" && text !== "") || FINAL.test(this.heard)) this.end();
  }

  /** Resolves when the command that was sent last has ended, or nobody can say any more. */
  next(): Promise<void> {
    if (this.isOver) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.end();
      }, PATIENCE_MS);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  giveUp(): void {
    this.isOver = true;
    this.end();
  }

  private end(): void {
    this.heard = "";
    this.wake?.();
    this.wake = undefined;
  }
}
