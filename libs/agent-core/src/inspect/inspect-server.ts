import { systemClock } from "@mn316-fleet/at";
import { CLOSE } from "@mn316-fleet/protocol";
import { pino } from "pino";
import { Connection, type ConnectionEnd } from "../link/connection";
import { httpExchange, type Network } from "../link/network";
import { isUnauthorized } from "../link/reconnect-policy";
import { agentUrl } from "../link/server-address";
import { pause } from "../time";
import type { Finding } from "./finding";

const PATIENCE_MS = 15_000;
/** The server refuses a token at once; a connection that holds so long was accepted. */
const ACCEPTED_AFTER_MS = 1_000;
const DOUBTFUL_OFFSET_MS = 5_000;
const NORMAL = 1000;

/**
 * Looks at the way to the server: whether it is reached, takes the token, and how far its clock stands off. Says no hello,
 * so that a running agent with the same token is left in peace.
 * @param token undefined for a device that has none yet
 */
export async function* inspectServer(
  server: string,
  token: string | undefined,
  network: Network,
): AsyncGenerator<Finding> {
  const url = agentUrl(server);
  const connection = new Connection(url, token ?? "none", network, systemClock, pino({ level: "silent" }));
  const ended = new Promise<ConnectionEnd>((resolve) => connection.once("end", resolve));
  const opened = new Promise<"open">((resolve) => {
    connection.once("open", () => {
      resolve("open");
    });
  });
  const first = await Promise.race([opened, ended, pause(systemClock, PATIENCE_MS)]);
  if (first !== "open") {
    connection.terminate("no answer");
    yield* [refused(await ended, url)];
    return;
  }
  yield { subject: "server", verdict: "good", found: `${url.host} is reached` };
  const end = await Promise.race([ended, pause(systemClock, ACCEPTED_AFTER_MS)]);
  connection.close(NORMAL, "check is done");
  const isHeld = typeof end === "boolean" || !isUnauthorized(end);
  if (token === undefined)
    yield { subject: "token", verdict: "doubtful", found: "none yet: the agent gets one with its enrolment key" };
  else yield isHeld ? { subject: "token", verdict: "good", found: "accepted" } : refused(end, url);
  yield await inspectClock(url, network);
  await Promise.race([ended, pause(systemClock, ACCEPTED_AFTER_MS)]);
  connection.terminate("check is done");
}

function refused(end: ConnectionEnd, url: URL): Finding {
  if (isUnauthorized(end))
    return {
      subject: "token",
      verdict: "bad",
      found: "refused",
      advice: "rotate the device's token on the server and set it here",
    };
  const found = `${url.host} is not reached: ${end.reason}${end.code === CLOSE.protocolError ? " (another protocol version)" : ""}`;
  const advice = "check the address, name resolution, the firewall, and that the server runs";
  return { subject: "server", verdict: "bad", found, advice };
}

/** By the Date header, to the second. */
async function inspectClock(url: URL, network: Network): Promise<Finding> {
  const address = new URL("/health/live", url.href.replace(/^ws/, "http"));
  const subject = "clock";
  try {
    const { headers } = await httpExchange(address, network, PATIENCE_MS);
    const serverTime = Date.parse(headers.date ?? "");
    if (Number.isNaN(serverTime)) return { subject, verdict: "doubtful", found: "the server does not tell its time" };
    const offsetMs = serverTime - Date.now();
    const found = `${Math.round(offsetMs / 1_000)} s from the server's`;
    if (Math.abs(offsetMs) < DOUBTFUL_OFFSET_MS) return { subject, verdict: "good", found };
    return { subject, verdict: "doubtful", found, advice: "switch time synchronisation on: timedatectl set-ntp true" };
  } catch (error) {
    return { subject, verdict: "doubtful", found: `not compared: ${(error as Error).message}` };
  }
}
