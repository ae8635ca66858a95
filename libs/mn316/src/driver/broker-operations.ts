import type { CommandAnswer } from "@mn316-fleet/at";
import { ERROR_CODES, LIMITS, SUBSCRIBE_REFUSED } from "@mn316-fleet/manual";
import type { Acknowledgements, Operation } from "./acknowledgements";
import type { CommandRunner } from "./command-runner";
import { publishCommand, subscribeCommand, unsubscribeCommand } from "./commands";
import { AcknowledgementError, CommandError } from "./errors";
import type { OperationOptions, PublishOptions } from "./options";
import type { Subscriptions } from "./subscriptions";

export interface BrokerOperationsOptions {
  runner: CommandRunner;
  acknowledgements: Acknowledgements;
  subscriptions: Subscriptions;
  /** The module's ACK timeout in seconds; undefined while it is not known. */
  ackTimeoutS: () => number | undefined;
}

/** The module itself reports a late acknowledgement; this only bounds a module that does not. */
const ACK_MARGIN_MS = 15_000;

/** What is done only when the broker has acknowledged it: subscribing, unsubscribing, publishing. */
export class BrokerOperations {
  constructor(private readonly options: BrokerOperationsOptions) {}

  async subscribe(topic: string, qos: number, options: OperationOptions): Promise<{ code: number }> {
    const { subscriptions } = this.options;
    const command = subscribeCommand(topic, qos);
    subscriptions.want(topic, qos);
    const granted = subscriptions.grantOf(topic, qos);
    if (granted !== undefined) return { code: granted };
    let code: number;
    try {
      code = await this.acknowledged("subscribe", topic, qos, command, options);
    } catch (error) {
      if (!(error instanceof CommandError) || error.code !== ERROR_CODES.alreadySubscribed) throw error;
      subscriptions.acknowledged(topic, qos);
      code = qos;
    }
    if (code >= SUBSCRIBE_REFUSED) {
      subscriptions.drop(topic);
      throw new AcknowledgementError("subscribe", topic, "the broker refused (SUBACK 0x80)");
    }
    return { code };
  }

  async unsubscribe(topic: string, options: OperationOptions): Promise<void> {
    const command = unsubscribeCommand(topic);
    this.options.subscriptions.drop(topic);
    await this.acknowledged("unsubscribe", topic, 0, command, options);
  }

  async publish(topic: string, payload: string | Uint8Array, options: PublishOptions): Promise<void> {
    const { qos = 0, retain = false, dup = false, ...rest } = options;
    const command = publishCommand(topic, payload, { qos, retain, dup });
    if (qos === 0) await this.options.runner.expectOk(command, rest);
    else await this.acknowledged("publish", topic, qos, command, rest);
  }

  /** The connection is new: the module says nothing of its subscriptions, and they may be gone. */
  restoreSubscriptions(onFailed: (topic: string, reason: string) => void): void {
    const { subscriptions } = this.options;
    subscriptions.connectionLost();
    for (const [topic, qos] of subscriptions.desired)
      this.subscribe(topic, qos, {}).catch((error: unknown) => {
        onFailed(topic, (error as Error).message);
      });
  }

  private async acknowledged(
    operation: Operation,
    topic: string,
    qos: number,
    command: string,
    options: OperationOptions,
  ): Promise<number> {
    const { runner, acknowledgements } = this.options;
    const boundMs = (this.options.ackTimeoutS() ?? LIMITS.ackTimeoutS.default) * 1_000 + ACK_MARGIN_MS;
    const acknowledgement = acknowledgements.expect(operation, topic, qos, boundMs);
    const onAnswer = ({ final }: CommandAnswer) => {
      if (final.code === "OK") acknowledgement.accepted();
    };
    try {
      await runner.expectOk(command, { ...options, onAnswer });
    } catch (error) {
      acknowledgement.forget();
      throw error;
    }
    return acknowledgement.within(options.signal);
  }
}
