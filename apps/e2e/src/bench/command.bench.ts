import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { performance } from "node:perf_hooks";
import { OwnPostgres } from "../../../server/src/test-support/own-postgres";
import type { Api } from "../harness/api";
import { Cluster } from "../harness/cluster";
import { OwnRedis } from "../harness/own-redis";
import { type Device, World } from "../harness/world";
import { type Bench, type Figure, quantile, rounded } from "./figure";

const ROUNDS = 200;
const WARM_UP = 20;

/**
 * REST command → BullMQ → WebSocket → AT on the serial line → result in PostgreSQL, one after the other, at one node with
 * its embedded services, and from one node to a device on another, over one PostgreSQL and one Redis. The comparison is the same AT command through `mn316 exec` on a serial line of the same kind: a
 * program started on the spot, which is what an operator with a laptop beside the cabinet would do.
 */
export const commandBench: Bench = async () => {
  const world = new World();
  try {
    await Promise.all([world.startServer(), world.startBroker()]);
    const device = await world.addDevice(world.config());
    const module = await world.startModule(device);
    world.startAgent(device, module);
    await untilConnected(world.api, device);

    const remoteMs = await timeRemoteCommands(world.api, device);
    const bare = await world.startModule({ ...device, imei: "860000000000001" });
    const localMs: number[] = [];
    for (let round = 0; round < 10; round++) localMs.push(await timeLocalCommand(bare.port));

    const value = quantile(remoteMs, 0.5);
    const baseline = quantile(localMs, 0.5);
    return [
      {
        bench: "command",
        value: rounded(value),
        unit: "ms",
        baseline: rounded(baseline),
        baselineIs: "mn316 exec of the same command on a local serial line, process start included",
        ratio: rounded(value / baseline),
        p50Ms: rounded(value),
        p99Ms: rounded(quantile(remoteMs, 0.99)),
      },
      ...(await acrossNodes(value)),
    ];
  } finally {
    await world.stop();
  }
};

/** From one node to a device on another. @param oneNodeMs what it takes where one node does it all */
async function acrossNodes(oneNodeMs: number): Promise<Figure[]> {
  const redis = await OwnRedis.find();
  if (!redis) return [];
  const postgres = await OwnPostgres.start();
  await redis.start();
  const cluster = new Cluster({ DATABASE_URL: postgres.url, REDIS_URL: redis.url });
  const world = new World();
  try {
    await Promise.all([cluster.addNode(), world.startBroker()]);
    await cluster.addNode();
    const imei = "860000000000002";
    const { id, token } = await cluster.api().ok("POST", "devices", { name: "far", imei });
    const device: Device = { id, token, imei };
    await cluster.api().ok("PUT", `devices/${id}/config`, world.config());
    const module = await world.startModule(device);
    world.startAgent(device, module, cluster.urls[1]);
    await untilConnected(cluster.api(), device);
    const ms = await timeRemoteCommands(cluster.api(), device);
    const value = quantile(ms, 0.5);
    return [
      {
        bench: "command",
        value: rounded(value),
        unit: "ms",
        baseline: rounded(oneNodeMs),
        baselineIs: "the same at one node with its embedded services",
        ratio: rounded(value / oneNodeMs),
        p50Ms: rounded(value),
        p99Ms: rounded(quantile(ms, 0.99)),
        nodes: 2,
      },
    ];
  } finally {
    await world.stop();
    await cluster.stop();
    await redis.kill();
    await postgres.remove();
  }
}

async function timeRemoteCommands(api: Api, device: Device): Promise<number[]> {
  const measured: number[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const ms = await timeRemoteCommand(api, device);
    if (round >= 0) measured.push(ms);
  }
  return measured;
}

async function untilConnected(api: Api, device: Device): Promise<void> {
  while ((await api.ok("GET", `devices/${device.id}`)).module.state !== "connected")
    await new Promise((resolve) => setTimeout(resolve, 100));
}

async function timeRemoteCommand(api: Api, device: Device): Promise<number> {
  const began = performance.now();
  const job = await api.ok("POST", "jobs", {
    kind: "at",
    targets: { deviceIds: [device.id] },
    steps: [{ command: "AT+MQTTSTAT?" }],
  });
  let status: string;
  do status = (await api.ok("GET", `jobs/${job.id}`)).status;
  while (status !== "COMPLETED");
  return performance.now() - began;
}

async function timeLocalCommand(port: string): Promise<number> {
  const began = performance.now();
  await promisify(execFile)("npx", ["mn316", "exec", "--port", port, "AT+MQTTSTAT?"]);
  return performance.now() - began;
}
