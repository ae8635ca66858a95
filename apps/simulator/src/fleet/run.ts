import { Agent, createLogger } from "@mn316-fleet/agent-core";
import { VirtualMn316 } from "@mn316-fleet/virtual-mn316";
import path from "node:path";
import { type FleetRequest, type FleetSettings, UsageError } from "../arguments";
import { untilEnded } from "../until-ended";
import { type FleetDevice, readDevices } from "./devices-file";
import { sufferOutages } from "./outages";
import { register } from "./registration";

/** Agents that start at the same time; a server greets faster than one process starts agents. */
const STARTS_AT_ONCE = 16;

/** Creates the devices that are missing on the server. */
export async function registerFleet(settings: FleetSettings): Promise<void> {
  const { apiKey } = settings;
  if (apiKey === undefined) throw new UsageError("--api-key", "is missing (or FLEET_API_KEY)");
  await register({ ...settings, apiKey });
}

/** Runs a fleet of agents, each on a virtual module in memory, until the program is asked to end. */
export async function runFleet(request: FleetRequest): Promise<void> {
  const devices = await devicesOf(request);
  const members = devices.slice(request.first).map((device, index) => new Member(device, index, request));
  const ended = untilEnded(request);
  try {
    for (let next = 0; next < members.length; next += STARTS_AT_ONCE)
      await Promise.all(members.slice(next, next + STARTS_AT_ONCE).map((member) => member.start()));
    process.stdout.write(`${members.length} agents run\n`);
    await ended;
  } finally {
    await Promise.all(members.map((member) => member.stop()));
  }
}

async function devicesOf({ apiKey, ...settings }: FleetRequest): Promise<FleetDevice[]> {
  if (apiKey !== undefined) return register({ ...settings, apiKey });
  const devices = await readDevices(settings.devicesFile);
  if (devices.length < settings.devices)
    throw new UsageError(
      "--devices",
      `${settings.devicesFile} holds ${devices.length}: with --api-key the missing ones are created`,
    );
  return devices.slice(0, settings.devices);
}

/** One module and its agent. */
class Member {
  private readonly module: VirtualMn316;
  private readonly agent: Agent;
  private endOutages: (() => void) | undefined;

  constructor(
    { imei, token }: FleetDevice,
    index: number,
    private readonly request: FleetRequest,
  ) {
    const { server, dataDir, logLevel, broker, dialects, faults, timeScale, seed } = request;
    this.module = new VirtualMn316({
      ...{ imei, dialects, faults, timeScale, seed: seed + index },
      ...(broker !== undefined && { broker }),
    });
    this.agent = new Agent({
      server,
      token,
      openStream: () => Promise.resolve(this.module.stream),
      dataDir: path.join(dataDir, imei),
      logger: createLogger(logLevel).log.child({ imei }),
    });
  }

  async start(): Promise<void> {
    await this.agent.start();
    this.endOutages = sufferOutages(this.module, this.request.outagesPerHour, Math.random);
  }

  async stop(): Promise<void> {
    this.endOutages?.();
    await this.agent.stop();
    this.module.destroy();
  }
}
