import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { performance } from "node:perf_hooks";
import { type Device, World } from "../harness/world";
import { type Bench, quantile, rounded } from "./figure";

const ROUNDS = 200;
const WARM_UP = 20;

/**
 * REST command → BullMQ → WebSocket → AT on the serial line → result in PostgreSQL, one after the other, at one node with
 * its embedded services. The comparison is the same AT command through `mn316 exec` on a serial line of the same kind: a
 * program started on the spot, which is what an operator with a laptop beside the cabinet would do.
 */
export const commandBench: Bench = async () => {
  const world = new World();
  try {
    await Promise.all([world.startServer(), world.startBroker()]);
    const device = await world.addDevice(world.config());
    const module = await world.startModule(device);
    world.startAgent(device, module);
    await untilConnected(world, device);

    const remoteMs: number[] = [];
    for (let round = -WARM_UP; round < ROUNDS; round++) {
      const ms = await timeRemoteCommand(world, device);
      if (round >= 0) remoteMs.push(ms);
    }
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
    ];
  } finally {
    await world.stop();
  }
};

async function untilConnected(world: World, device: Device): Promise<void> {
  while ((await world.api.ok("GET", `devices/${device.id}`)).module.state !== "connected")
    await new Promise((resolve) => setTimeout(resolve, 100));
}

async function timeRemoteCommand(world: World, device: Device): Promise<number> {
  const began = performance.now();
  const job = await world.api.ok("POST", "jobs", {
    kind: "at",
    targets: { deviceIds: [device.id] },
    steps: [{ command: "AT+MQTTSTAT?" }],
  });
  let status: string;
  do status = (await world.api.ok("GET", `jobs/${job.id}`)).status;
  while (status !== "COMPLETED");
  return performance.now() - began;
}

async function timeLocalCommand(port: string): Promise<number> {
  const began = performance.now();
  await promisify(execFile)("npx", ["mn316", "exec", "--port", port, "AT+MQTTSTAT?"]);
  return performance.now() - began;
}
