import { memoryPair } from "@mn316-fleet/at";
import { Mn316 } from "@mn316-fleet/mn316";
import { startTestBroker } from "@mn316-fleet/testkit";
import { VirtualMn316 } from "@mn316-fleet/virtual-mn316";
import { performance } from "node:perf_hooks";
import { type Bench, type Figure, quantile, rounded } from "./figure";

const MODULES = 2_000;
const CONNECTED_MODULES = 1_000;
const CONNECTING_AT_ONCE = 50;
const COMMANDS = 20_000;
const EXCHANGE = { command: Buffer.from("AT+MQTTSTAT?\r"), answer: Buffer.from("\r\n+MQTTSTAT:0\r\n\r\nOK\r\n") };

/** What a virtual module costs in memory, idle and connected, and how many commands a second it takes from a driver. */
export const virtualModuleBench: Bench = async () => [
  await idleMemory(),
  await connectedMemory(),
  await commandsPerSecond(),
];

/** A module with its line open, that has answered a command and waits for the next. */
async function idleMemory(): Promise<Figure> {
  const before = await usedBytes();
  const modules = Array.from({ length: MODULES }, (_, index) => new VirtualMn316({ seed: index }));
  await Promise.all(modules.map((module) => ask(module, "AT")));
  const kib = ((await usedBytes()) - before) / MODULES / 1_024;
  for (const module of modules) module.destroy();
  return {
    bench: "virtual-module",
    value: rounded(kib),
    unit: "KiB/module",
    state: "idle",
    modules: MODULES,
    target: 40,
  };
}

/** A module that holds a connection to a broker. The broker is in this process, so its share is counted too. */
async function connectedMemory(): Promise<Figure> {
  const broker = await startTestBroker({ concurrency: CONNECTED_MODULES, maxClientsIdLength: 64 });
  const before = await usedBytes();
  const modules = Array.from(
    { length: CONNECTED_MODULES },
    (_, index) => new VirtualMn316({ broker: broker.url, seed: index }),
  );
  const began = performance.now();
  for (let at = 0; at < modules.length; at += CONNECTING_AT_ONCE)
    await Promise.all(
      modules.slice(at, at + CONNECTING_AT_ONCE).map((module, index) => open(module, `bench-${at + index}`)),
    );
  const seconds = (performance.now() - began) / 1_000;
  const kib = ((await usedBytes()) - before) / modules.length / 1_024;
  for (const module of modules) module.destroy();
  await broker.stop();
  return {
    ...{
      bench: "virtual-module",
      value: rounded(kib),
      unit: "KiB/module",
      state: "connected, with the share of the broker",
    },
    ...{ modules: modules.length, connectsPerSecond: rounded(modules.length / seconds) },
  };
}

/** Commands one after the other, driver ⇄ module, beside the same bytes written and read on a bare line in memory. */
async function commandsPerSecond(): Promise<Figure> {
  const module = new VirtualMn316({ keptCommands: 10 });
  const driver = new Mn316(module.stream);
  await driver.start();
  for (let count = 0; count < COMMANDS / 10; count++) await driver.queryState(); // until it is compiled
  const samples: number[] = [];
  const began = performance.now();
  for (let count = 0; count < COMMANDS; count++) {
    const from = performance.now();
    await driver.queryState();
    samples.push(performance.now() - from);
  }
  const value = COMMANDS / ((performance.now() - began) / 1_000);
  driver.close();
  module.destroy();
  const baseline = await bareExchangesPerSecond();
  return {
    ...{ bench: "virtual-module", value: rounded(value), unit: "commands/s", baseline: rounded(baseline) },
    ...{ baselineIs: "the same bytes written and read on a bare memory line", ratio: rounded(value / baseline) },
    ...{ p50Ms: rounded(quantile(samples, 0.5)), p99Ms: rounded(quantile(samples, 0.99)) },
  };
}

async function bareExchangesPerSecond(): Promise<number> {
  const [host, module] = memoryPair();
  module.on("data", () => module.write(EXCHANGE.answer));
  let answered: () => void = () => undefined;
  host.on("data", () => {
    answered();
  });
  const exchange = () =>
    new Promise<void>((resolve) => {
      answered = resolve;
      host.write(EXCHANGE.command);
    });
  for (let count = 0; count < COMMANDS / 10; count++) await exchange();
  const began = performance.now();
  for (let count = 0; count < COMMANDS; count++) await exchange();
  const perSecond = COMMANDS / ((performance.now() - began) / 1_000);
  host.destroy();
  return perSecond;
}

/** Sends one command on the module's line and waits for its OK. */
async function ask(module: VirtualMn316, command: string): Promise<void> {
  await exchangeUntil(module, command, "OK\r\n");
}

async function open(module: VirtualMn316, clientId: string): Promise<void> {
  await ask(module, `AT+MQTTCFG="broker.example",1883,"${clientId}",600,"","",1`);
  await exchangeUntil(module, 'AT+MQTTOPEN=0,0,0,0,0,"",""', "+MQTTOPEN:OK\r\n");
}

function exchangeUntil({ stream }: VirtualMn316, command: string, end: string): Promise<void> {
  return new Promise((resolve) => {
    let said = "";
    const hear = (bytes: Buffer) => {
      said += bytes.toString("latin1");
      if (!said.endsWith(end)) return;
      stream.off("data", hear);
      resolve();
    };
    stream.on("data", hear);
    stream.write(`${command}\r`);
  });
}

/** What lives now: the heap, and what its buffers hold outside it. */
async function usedBytes(): Promise<number> {
  if (!globalThis.gc) throw new Error("run Node with --expose-gc: memory is measured behind a collection");
  for (let round = 0; round < 5; round++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20)); // finalizers give back what is outside the heap
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
