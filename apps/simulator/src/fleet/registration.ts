import type { FleetSettings } from "../arguments";
import { type FleetDevice, readDevices, writeDevices } from "./devices-file";
import { RestApi } from "./rest-api";

const SITES = ["pump-station", "water-meter", "street-cabinet", "heat-exchanger"];
const DEFAULT_BROKER = "mqtt://127.0.0.1:1883";
const DEFAULT_MQTT_PORT = 1883;
/** So many devices are created before the file is written again: of a start that is cut off, at most these are lost. */
const SAVE_EVERY = 25;

/**
 * Sees to it that a fleet's devices exist on the server with a configuration for its broker. Those of the file that the
 * server still knows are kept, with whatever an operator has changed; only the broker's address follows.
 */
export async function register({
  devices: count,
  server,
  apiKey,
  devicesFile,
  broker = DEFAULT_BROKER,
}: FleetSettings & { apiKey: string }): Promise<FleetDevice[]> {
  const api = new RestApi(server, apiKey);
  const { hostname: host, port } = new URL(broker);
  const address = { host, port: Number(port || DEFAULT_MQTT_PORT) };
  const known = await readDevices(devicesFile);
  const devices: FleetDevice[] = [];
  for (let index = 0; index < count; index++) {
    const kept = known[index];
    if (kept && (await follow(api, kept, address))) devices.push(kept);
    else {
      devices.push(await create(api, index, address));
      if (index % SAVE_EVERY === 0) await writeDevices(devicesFile, [...devices, ...known.slice(index + 1)]);
    }
  }
  await writeDevices(devicesFile, [...devices, ...known.slice(count)]);
  return devices;
}

interface Address {
  host: string;
  port: number;
}

/** @returns false for a device that the server does not know any more */
async function follow(api: RestApi, { id }: FleetDevice, address: Address): Promise<boolean> {
  const config = (await api.call("GET", `devices/${id}/config`)) as { desired?: { mqtt?: Address } } | undefined;
  if (!config) return false;
  const { host, port } = config.desired?.mqtt ?? {};
  if (host !== address.host || port !== address.port)
    await api.call("PATCH", `devices/${id}/config`, { mqtt: address });
  return true;
}

async function create(api: RestApi, index: number, address: Address): Promise<FleetDevice> {
  const site = SITES[index % SITES.length] ?? "site";
  const name = `${site}-${String(index + 1).padStart(3, "0")}`;
  const imei = `86${String(4_200_000_000_000 + index + 1)}`;
  const body = { name, imei, tags: ["virtual", site] };
  const { id, token } = (await api.call("POST", "devices", body)) as FleetDevice;
  await api.call("PUT", `devices/${id}/config`, {
    mqtt: { ...address, clientId: "virtual-{imei}", keepAliveS: 30, pingEcho: true },
    subscriptions: [{ topic: "virtual/{imei}/commands", qos: 1 }],
    telemetry: { signalEveryS: 30 },
    recovery: { reopenAfterS: 30, backoff: 2, maxReopens: 5, thenRestart: true },
  });
  return { id, token, name, imei };
}
