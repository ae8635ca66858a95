import type { Clock } from "@mn316-fleet/at";
import type { LogLevelFrame } from "@mn316-fleet/protocol";
import type { Logger } from "pino";

/** Another log level for a while, so that a chatty one that was forgotten does not fill a disk for years. */
export class LogLevelSwitch {
  private readonly usual: string;
  private cancelReturn: (() => void) | undefined;

  constructor(
    private readonly log: Logger,
    private readonly clock: Clock,
  ) {
    this.usual = log.level;
  }

  set({ level, forS }: LogLevelFrame): void {
    this.cancelReturn?.();
    this.log.level = level;
    this.log.info({ level, forS }, "log level changed");
    this.cancelReturn = this.clock.after(forS * 1_000, () => {
      this.end();
    });
  }

  /** Returns to the level of the settings. */
  end(): void {
    this.cancelReturn?.();
    this.cancelReturn = undefined;
    this.log.level = this.usual;
  }
}
