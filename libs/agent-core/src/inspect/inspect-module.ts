import { openTransport } from "@mn316-fleet/at";
import { CommandTimeoutError, LineUnresponsiveError, Mn316 } from "@mn316-fleet/mn316";
import { adviceFor, type Case } from "./advice";
import type { Finding } from "./finding";
import { systemWords } from "./system-words";

const UNKNOWN_RSSI = 99;
const WEAK_RSSI = 5;
const REGISTERED = new Set(["1", "5"]);

const REGISTRATION: Record<string, string> = {
  "0": "not registered, not searching",
  "1": "registered at home",
  "2": "searching",
  "3": "refused by the network",
  "4": "unknown",
  "5": "registered, roaming",
};

const { allowPort, listPorts } = systemWords();
const OF_PORT: readonly Case[] = [
  [/permission|denied|EACCES/i, allowPort],
  [
    /lock|busy|EAGAIN|resource temporarily/i,
    "another program has it open, often an agent that runs: stop that one first",
  ],
  [/./, `check the cable and the name: ${listPorts}`],
];
const OF_SERIAL_SERVER: readonly Case[] = [
  [/ECONNREFUSED/, "check the port's number, and whether the serial server allows another client"],
  [/./, "check the serial server's address, its power and its network"],
];
const OF_MODULE: readonly Case[] = [
  [
    /closed|ended/,
    "the port was closed under us: another program or client may have taken it, or the adapter has lost power",
  ],
  [/./, "check its power, that this is its AT port, the wiring (TX and RX crossed), and try --baud 9600"],
];
const OF_MODULE_BEHIND_SERVER: readonly Case[] = [
  [/closed|ended/, "the serial server ended the connection: it may serve one client at a time, and have another"],
  [/./, "check its power, the wiring (TX and RX crossed), and the speed that is set on the serial server"],
];
const OF_SIM: readonly Case[] = [
  [/PIN/, "switch its PIN off, for example in a phone"],
  [/PUK/, "it is locked by wrong PINs: unlock it in a phone, and switch the PIN off"],
  [/:10$/, "none is found: insert one, contacts down, and restart the module"],
  [/./, "take it out and insert it again, contacts down; try another one"],
];
const OF_REGISTRATION: Readonly<Record<string, string>> = {
  "0": "the radio may be off, or there is no SIM: switch it on with AT+CFUN=1, or restart the module",
  "2": "wait some minutes at a first start; then check antenna and coverage",
  "3": "ask the SIM's operator whether it is active for NB-IoT here, and may roam",
};

/** Looks at the serial port and the module on it, step by step; ends at the first thing that makes the rest pointless. */
export async function* inspectModule(port: string, baudRate: number): AsyncGenerator<Finding> {
  const isRemote = port.includes("://");
  let driver: Mn316;
  try {
    driver = new Mn316(await openTransport(port, { baudRate }), { baudRate, commandTimeoutMs: 5_000 });
  } catch (error) {
    const found = (error as Error).message;
    const advice = adviceFor(isRemote ? OF_SERIAL_SERVER : OF_PORT, found);
    yield { subject: "serial port", verdict: "bad", found, advice };
    return;
  }
  const opened = isRemote ? `${port} is connected` : `${port} is open at ${baudRate} baud`;
  yield { subject: "serial port", verdict: "good", found: opened };
  try {
    yield* inspectAnswers(driver);
  } catch (error) {
    const isSilent = error instanceof CommandTimeoutError || error instanceof LineUnresponsiveError;
    const found = isSilent ? "it does not answer to AT" : (error as Error).message;
    const advice = adviceFor(isRemote ? OF_MODULE_BEHIND_SERVER : OF_MODULE, found);
    yield { subject: "module", verdict: "bad", found, advice };
  } finally {
    driver.close();
  }
}

async function* inspectAnswers(driver: Mn316): AsyncGenerator<Finding> {
  await driver.start();
  const { manufacturer, model, firmware, imei } = await driver.identify();
  const name = [manufacturer, model, firmware].filter(Boolean).join(" ");
  yield { subject: "module", verdict: "good", found: `${name || "answers"}, state ${driver.state}` };
  yield imei === undefined
    ? {
        subject: "IMEI",
        verdict: "doubtful",
        found: "not told",
        advice: "give the device's IMEI to the server by hand",
      }
    : { subject: "IMEI", verdict: "good", found: imei };
  yield await inspectSim(driver);
  yield await inspectRegistration(driver);
  yield await inspectSignal(driver);
}

async function inspectSim(driver: Mn316): Promise<Finding> {
  const { result, output } = await driver.exec("AT+CPIN?");
  const answer = output.join(" ").replace("+CPIN:", "").trim();
  if (result === "OK" && answer === "READY") return { subject: "SIM", verdict: "good", found: "ready" };
  if (result === "ERROR" || /4$|\b(100|8002)$/.test(result))
    return { subject: "SIM", verdict: "doubtful", found: "the module does not tell (AT+CPIN?)" };
  const found = answer || result;
  return { subject: "SIM", verdict: "bad", found, advice: adviceFor(OF_SIM, found) };
}

async function inspectRegistration(driver: Mn316): Promise<Finding> {
  const { output } = await driver.exec("AT+CEREG?");
  const status = output.map((line) => /^\+CEREG: ?\d,(\d)/.exec(line)?.[1]).find(Boolean);
  const subject = "network";
  if (status === undefined) return { subject, verdict: "doubtful", found: "the module does not tell (AT+CEREG?)" };
  const found = REGISTRATION[status] ?? `status ${status}`;
  if (REGISTERED.has(status)) return { subject, verdict: "good", found };
  const advice = OF_REGISTRATION[status] ?? "check antenna, coverage and the SIM";
  return { subject, verdict: "bad", found, advice };
}

async function inspectSignal(driver: Mn316): Promise<Finding> {
  const signal = await driver.signal();
  const subject = "signal";
  if (!signal || signal.rssi === UNKNOWN_RSSI)
    return { subject, verdict: "doubtful", found: "unknown", advice: "check the antenna" };
  const found = `${2 * signal.rssi - 113} dBm (rssi ${signal.rssi})`;
  if (signal.rssi >= WEAK_RSSI) return { subject, verdict: "good", found };
  return { subject, verdict: "doubtful", found, advice: "weak: place the antenna higher or outside the cabinet" };
}
