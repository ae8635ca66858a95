import type { Logger } from "@mn316-fleet/agent-core";
import { spawn } from "node:child_process";

const MICROSECONDS_IN_MS = 1_000;

/**
 * Tells systemd that the service is ready, alive and stopping, where it asks for that (`NOTIFY_SOCKET`). Node has no datagram
 * sockets of the Unix kind, so systemd's own `systemd-notify` speaks for it; the unit allows that by `NotifyAccess=all`.
 */
export class ServiceManager {
  private timer: NodeJS.Timeout | undefined;
  private isTold = false;

  constructor(
    private readonly env: NodeJS.ProcessEnv,
    private readonly log: Logger,
  ) {}

  /** The service runs; from now on it also says that it is alive, twice as often as the watchdog wants it. */
  ready(): void {
    this.notify("READY=1");
    const everyUs = Number(this.env.WATCHDOG_USEC);
    const isForUs = this.env.WATCHDOG_PID === undefined || this.env.WATCHDOG_PID === String(process.pid);
    if (!isForUs || !(everyUs > 0)) return;
    // From the event loop itself: one that hangs says nothing, and is started anew.
    this.timer = setInterval(
      () => {
        this.notify("WATCHDOG=1");
      },
      everyUs / MICROSECONDS_IN_MS / 2,
    ).unref();
  }

  stopping(): void {
    clearInterval(this.timer);
    this.notify("STOPPING=1");
  }

  private notify(state: string): void {
    if (!this.env.NOTIFY_SOCKET) return;
    const child = spawn("systemd-notify", [state], { stdio: "ignore", env: this.env });
    child.once("error", (error) => {
      if (!this.isTold) this.log.warn({ reason: error.message }, "systemd is not told: systemd-notify cannot be run");
      this.isTold = true;
    });
    child.unref();
  }
}
