/** A module that gave no final result by then is given no more time; the agent's own bound is shorter. */
const PATIENCE_MS = 120_000;
/** Final results (manual §1.3). */
const FINAL = /^(OK|ERROR|\+CM[ES] ERROR:.*|NO CARRIER)$/m;

/** Hears when a command of the console has ended. */
export class CommandEnds {
  private heard = "";
  /** The command is on the line: results before that belong to what the agent itself asked. */
  private isSent = false;
  private awaited: { command: string; end: () => void } | undefined;
  private isOver = false;

  hear(from: "sent" | "received" | "note", text: string): void {
    const { awaited } = this;
    if (from === "sent" && text.trim() === awaited?.command) {
      this.isSent = true;
      this.heard = "";
    }
    if (from === "received" && this.isSent) this.heard += `${text.replaceAll("\r", "")}\n`;
    // A note says why there is no result: a refusal, a time-out.
    if (from === "note" || FINAL.test(this.heard)) this.end();
  }

  /** Resolves when the command that was just sent has ended, or nobody can say any more. */
  next(command: string): Promise<void> {
    if (this.isOver) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.end();
      }, PATIENCE_MS);
      const end = () => {
        clearTimeout(timer);
        resolve();
      };
      this.awaited = { command, end };
    });
  }

  giveUp(): void {
    this.isOver = true;
    this.end();
  }

  private end(): void {
    this.heard = "";
    this.isSent = false;
    this.awaited?.end();
    this.awaited = undefined;
  }
}
