import type { Clock } from "@mn316-fleet/at";
import type { Mn316Options } from "./options";

export interface LivenessOptions {
  clock: Clock;
  settings: NonNullable<Mn316Options["liveness"]>;
  isConnected: () => boolean;
  /** Asks the module for its state. */
  queryState: () => Promise<unknown>;
  /** Publishes a QoS 1 message that the broker must acknowledge. */
  sendCanary: (topic: string) => Promise<void>;
  /** The module holds itself connected, yet the broker did not acknowledge. */
  onCanaryLost: (topic: string, reason: string) => void;
}

/** Our own check of a connection that is held to be up. */
export class Liveness {
  private cancel: (() => void) | undefined;

  constructor(private readonly options: LivenessOptions) {}

  /** Checks from now on, for as long as the connection lasts. */
  watch(): void {
    const { clock, settings } = this.options;
    this.stop();
    this.cancel = clock.after(settings.everyS * 1_000, () => {
      if (!this.options.isConnected()) return;
      void this.check().then(() => {
        if (this.options.isConnected()) this.watch();
      });
    });
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
  }

  private async check(): Promise<void> {
    const { settings, queryState, sendCanary, isConnected, onCanaryLost } = this.options;
    const { canaryTopic } = settings;
    if (canaryTopic === undefined) {
      await queryState().catch(() => undefined); // a dead line is told by itself, a lost answer by the next check
      return;
    }
    try {
      await sendCanary(canaryTopic);
    } catch (error) {
      await queryState().catch(() => undefined);
      if (isConnected()) onCanaryLost(canaryTopic, (error as Error).message);
    }
  }
}
