import type { AtChannel, Clock } from "@mn316-fleet/at";
import type { PublishHeader } from "../decode/publish-head";
import type { CommandRunner } from "./command-runner";
import { openCommand } from "./commands";
import { CommandError, ConnectError } from "./errors";
import type { KnownState, OperationOptions } from "./options";
import type { Session } from "./session";
import type { MqttSettings } from "./settings";

export interface ConnectionOptions {
  channel: AtChannel<PublishHeader>;
  runner: CommandRunner;
  session: Session;
  clock: Clock;
  commandTimeoutMs: number;
  connectTimeoutMs: number;
  restartCommand: string;
}

const DISCONNECT_PRIORITY = 10;
const WAKE_ATTEMPTS = 3;
const WAKE_PAUSE_MS = 100;
const BOOT_BOUND_MS = 60_000;
const BOOT_PAUSE_MS = 1_000;
/** States in which a connect has ended, one way or the other. */
const CONNECT_ENDS: ReadonlySet<KnownState> = new Set([
  "connected",
  "disconnected",
  "initialized",
  "uninitialized",
  "unknown",
]);

/** Brings the module up, to its broker and away from it. */
export class Connection {
  /** While we restart the module, its boot lines are no news. */
  isRestarting = false;

  constructor(private readonly options: ConnectionOptions) {}

  /** Wakes the module, sets echo off and numeric errors. */
  async wake(): Promise<void> {
    const { channel, runner } = this.options;
    // The first bytes after a pause may be lost on a sleeping module: an AT that may fail costs little.
    await channel.command("AT", { timeoutMs: 1_000 }).catch(() => undefined);
    // Without numbers a refusal cannot be told from one that only wants the command again.
    for (const command of ["ATE0", "AT+CMEE=1"])
      for (let attempt = 0; attempt < WAKE_ATTEMPTS; attempt++) {
        if ((await runner.send(command)).final.code === "OK") break;
        await this.pauseFor(WAKE_PAUSE_MS);
      }
  }

  async queryState(): Promise<KnownState> {
    await this.options.runner.send("AT+MQTTSTAT?");
    return this.options.session.state;
  }

  async connect(settings: MqttSettings | undefined, options: OperationOptions): Promise<void> {
    const { runner, session, connectTimeoutMs } = this.options;
    if (!settings) throw new ConnectError("unknown", "the module was not configured");
    if (session.state === "connected") return;
    const outcome = session.settling.next((state) => CONNECT_ENDS.has(state));
    try {
      await runner.expectOk(openCommand(settings), options);
    } catch (error) {
      outcome.cancel();
      const state = await this.queryState().catch(() => "unknown");
      if (state === "connected" && error instanceof CommandError) return; // refused because there was nothing to open
      throw error;
    }
    const end = await outcome.within(connectTimeoutMs, options.signal);
    const state = end?.to ?? (await this.queryState());
    if (state !== "connected") throw new ConnectError(end?.cause ?? "connect-timeout", `the module is ${state}`);
  }

  async disconnect(): Promise<void> {
    const { runner, session, commandTimeoutMs } = this.options;
    const outcome = session.settling.next((state) => state === "disconnected" || state === "unknown");
    try {
      await runner.expectOk("AT+MQTTDISC", { priority: DISCONNECT_PRIORITY });
    } catch (error) {
      outcome.cancel();
      throw error;
    }
    // The URC may have come ahead of the OK.
    if (session.intent !== "close") outcome.cancel();
    else if (await outcome.within(commandTimeoutMs)) return;
    else if ((await this.queryState()) === "connected")
      throw new ConnectError("unknown", "the module did not disconnect");
  }

  async restart(): Promise<void> {
    const { runner, restartCommand } = this.options;
    this.isRestarting = true;
    try {
      await runner.expectOk(restartCommand);
      await this.wakeAfterBoot();
    } finally {
      this.isRestarting = false;
    }
    await this.queryState();
  }

  private async wakeAfterBoot(): Promise<void> {
    const { channel, clock } = this.options;
    // A timer, not a time of day: a clock set meanwhile must neither cut the boot short nor draw it out.
    const bound = new AbortController();
    const cancelBound = clock.after(BOOT_BOUND_MS, () => {
      bound.abort();
    });
    try {
      for (;;) {
        await this.pauseFor(BOOT_PAUSE_MS);
        try {
          await this.wake();
          return;
        } catch (error) {
          if (channel.isClosed || bound.signal.aborted) throw error;
        }
      }
    } finally {
      cancelBound();
    }
  }

  private pauseFor(ms: number): Promise<void> {
    return new Promise((resolve) => this.options.clock.after(ms, resolve));
  }
}
