import type { Clock } from "@mn316-fleet/at";
import { checkSettings, type Mn316, ParameterError } from "@mn316-fleet/mn316";
import type { DeviceConfig } from "@mn316-fleet/protocol";
import { isBusy, subscribeMissing, takeDown } from "../module/bring-up";
import { backoffMs, pause, within } from "../time";

/** A step of an apply failed; the module holds a part of the configuration. */
export class ApplyError extends Error {
  constructor(
    readonly step: string,
    override readonly cause: Error,
  ) {
    super(`${step}: ${cause.message}`);
    this.name = "ApplyError";
  }
}

const CONNECT_RETRY = { minMs: 2_000, maxMs: 15_000 };
const BUSY_POLL_MS = 1_000;

/** @throws ParameterError where the configuration breaks a rule of the manual */
export function check({ mqtt, subscriptions }: DeviceConfig): void {
  checkSettings(mqtt);
  for (const [index, { topic }] of subscriptions.entries())
    if (!/^[\u0020-\u0021\u0023-\u007e]+$/.test(topic))
      throw new ParameterError(`subscriptions.${index}.topic`, "must be printable ASCII without a quote", "§2.4");
}

/** Whether two configurations are the same on the module's side of the line. */
export function isSameOnModule(left: DeviceConfig, right: DeviceConfig): boolean {
  const onModule = ({ mqtt, subscriptions }: DeviceConfig) => JSON.stringify([sorted(mqtt), subscriptions.map(sorted)]);
  return onModule(left) === onModule(right);
}

/**
 * Brings a configuration onto the module: DISC → DEL → CFG → TO → PING → OPEN → SUB…; while time is left a connect that
 * fails is tried again, since a weak network refuses now and then.
 * @param confirmWithinMs from here to connected and subscribed
 * @throws ApplyError naming the step
 */
export async function applyConfig(
  driver: Mn316,
  config: DeviceConfig,
  confirmWithinMs: number,
  { clock, random }: { clock: Clock; random: () => number },
): Promise<void> {
  const deadline = clock.now() + confirmWithinMs;
  await step("disconnect and delete", takeDown(driver));
  await step("configure", driver.configure(config.mqtt));
  await step("connect", connectBefore(deadline));
  const leftMs = Math.max(deadline - clock.now(), MIN_SUBSCRIBE_MS);
  await step("subscribe", within(clock, leftMs, subscribeMissing(driver, config.subscriptions)));

  async function connectBefore(until: number): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await within(clock, until - clock.now(), driver.connect());
        return;
      } catch (error) {
        const delayMs = backoffMs(attempt, CONNECT_RETRY, random);
        if (driver.state === "unknown" || clock.now() + delayMs >= until) throw error;
        await pause(clock, delayMs);
        await driver.queryState();
        // The module itself tries again after some failures (§3.4); a second MQTTOPEN would be refused.
        while (isBusy(driver) && clock.now() + BUSY_POLL_MS < until) {
          await pause(clock, BUSY_POLL_MS);
          await driver.queryState();
        }
      }
    }
  }
}

/** Connected at the last moment, the subscriptions still get a chance. */
const MIN_SUBSCRIBE_MS = 15_000;

async function step(name: string, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw new ApplyError(name, error as Error);
  }
}

function sorted(value: object): unknown {
  return Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([key, field]) => [
      key,
      field !== null && typeof field === "object" ? sorted(field as object) : (field as unknown),
    ])
    .sort(([left], [right]) => String(left).localeCompare(String(right)));
}
