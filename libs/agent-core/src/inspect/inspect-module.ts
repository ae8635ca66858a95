import { openTransport } from "@mn316-fleet/at";
import { CommandTimeoutError, LineUnresponsiveError, Mn316 } from "@mn316-fleet/mn316";
import type { Finding } from "./finding";

const IN_USE = /lock|busy|EAGAIN|resource temporarily/i;
const FORBIDDEN = /EACCES|permission|denied/i;
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

/** Looks at the serial port and the module on it, step by step; ends at the first thing that makes the rest pointless. */
export async function* inspectModule(port: string, baudRate: number): AsyncGenerator<Finding> {
  let driver: Mn316;
  try {
    driver = new Mn316(await openTransport(port, { baudRate }), { baudRate, commandTimeoutMs: 5_000 });
  } catch (error) {
    yield {
      subject: "serial port",
      verdict: "bad",
      found: (error as Error).message,
      advice: portAdvice(error as Error),
    };
    return;
  }
  yield { subject: "serial port", verdict: "good", found: `${port} is open at ${baudRate} baud` };
  try {
    yield* inspectAnswers(driver);
  } catch (error) {
    const isSilent = error instanceof CommandTimeoutError || error instanceof LineUnresponsiveError;
    yield {
      subject: "module",
      verdict: "bad",
      found: isSilent ? "it does not answer to AT" : (error as Error).message,
      advice: "check its power, that this is its AT port, the wiring (TX and RX crossed), and try --baud 9600",
    };
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
  const advice = "insert a SIM, contacts down, and switch its PIN off";
  return { subject: "SIM", verdict: "bad", found: answer || result, advice };
}

async function inspectRegistration(driver: Mn316): Promise<Finding> {
  const { output } = await driver.exec("AT+CEREG?");
  const status = output.map((line) => /^\+CEREG: ?\d,(\d)/.exec(line)?.[1]).find(Boolean);
  const subject = "network";
  if (status === undefined) return { subject, verdict: "doubtful", found: "the module does not tell (AT+CEREG?)" };
  const found = REGISTRATION[status] ?? `status ${status}`;
  if (REGISTERED.has(status)) return { subject, verdict: "good", found };
  const advice =
    "check antenna and coverage, that the SIM is active for NB-IoT, and wait some minutes at a first start";
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

function portAdvice({ message }: Error): string {
  if (FORBIDDEN.test(message))
    return "let this user use it, for example: sudo usermod -aG dialout $USER, then log in again";
  if (IN_USE.test(message)) return "another program has it open: stop that one first";
  return "check the cable and the name: ls -l /dev/serial/by-id/ lists what is plugged in";
}
