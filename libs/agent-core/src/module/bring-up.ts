import { CommandError, type Mn316, type ReadConfig } from "@mn316-fleet/mn316";
import type { DeviceConfig } from "@mn316-fleet/protocol";

type Mqtt = DeviceConfig["mqtt"];
type Subscription = DeviceConfig["subscriptions"][number];

/** States in which the module itself works on its connection. */
const BUSY: ReadonlySet<string> = new Set(["awaiting-connack", "reconnecting", "tcp-connecting", "tcp-connected"]);

export function isBusy(driver: Mn316): boolean {
  return BUSY.has(driver.state);
}

/** Fields in which what the module holds differs from what it should hold; the password cannot be compared (§2.1). */
export function differences(read: ReadConfig, wanted: Mqtt): string[] {
  const pairs: [string, unknown, unknown][] = [
    ["host", read.host, wanted.host],
    ["port", read.port, wanted.port],
    ["clientId", read.clientId, wanted.clientId],
    ["keepAliveS", read.keepAliveS, wanted.keepAliveS],
    ["username", read.username, wanted.username ?? ""],
    ["cleanSession", read.cleanSession, wanted.cleanSession],
    ["encrypt", read.encrypt, false],
  ];
  return pairs.flatMap(([name, held, want]) => (held === want ? [] : [name]));
}

/** Disconnects (§2.7) and deletes the client (§2.8), so that it may be configured anew; whatever was there before. */
export async function takeDown(driver: Mn316): Promise<void> {
  await driver.queryState(); // after an OPEN:FAIL the module may go on trying by itself
  if (driver.state === "connected" || isBusy(driver)) await tolerateRefusal(driver.disconnect());
  if (driver.state !== "uninitialized") await tolerateRefusal(driver.destroy());
}

/**
 * Makes the module hold a configuration, and leaves one alone that holds it already. A connected module that cannot tell
 * (no `MQTTCFG?`) is believed.
 * @returns the fields in which it held another one
 */
export async function holdConfig(driver: Mn316, { mqtt, subscriptions }: DeviceConfig): Promise<string[]> {
  const held = await driver.readConfig();
  const drift = held ? differences(held, mqtt) : [];
  if (held ? drift.length === 0 : driver.state === "connected") driver.assume(mqtt, subscriptions);
  else {
    await takeDown(driver);
    await driver.configure(mqtt);
  }
  return drift;
}

/** In what the subscriptions that the module holds (§2.4) differ from the wanted ones. */
export async function subscriptionDrift(
  driver: Mn316,
  wanted: readonly Subscription[],
): Promise<{ missing: Subscription[]; surplus: string[] }> {
  const held = await driver.listSubscriptions();
  const missing = wanted.filter(({ topic, qos }) => !held.some((other) => other.topic === topic && other.qos === qos));
  const topics = new Set(held.map(({ topic }) => topic));
  for (const { topic } of wanted) topics.delete(topic);
  return { missing, surplus: [...topics] };
}

/** Subscribes to what the module does not hold yet (§2.4). */
export async function subscribeMissing(driver: Mn316, wanted: readonly Subscription[]): Promise<void> {
  if (wanted.length === 0) return;
  const { missing } = await subscriptionDrift(driver, wanted);
  for (const { topic, qos } of missing) await driver.subscribe(topic, qos);
}

/** A module that refuses because there is nothing to end or delete is where it should be. */
async function tolerateRefusal(work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof CommandError)) throw error;
  });
}
