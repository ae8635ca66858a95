import { systemClock } from "@mn316-fleet/at";
import { pino } from "pino";
import { Connection, type ConnectionEnd } from "../link/connection";
import type { ClientIdentity } from "../link/client-identity";
import { httpExchange, type Network } from "../link/network";
import { isUnauthorized } from "../link/reconnect-policy";
import { agentUrl } from "../link/server-address";
import { pause } from "../time";
import type { Tokens } from "../identity/tokens";
import { adviceFor, type Case } from "./advice";
import type { Finding } from "./finding";
import { systemWords } from "./system-words";

const PATIENCE_MS = 15_000;
/** The server refuses a token at once; a connection that holds so long was accepted. */
const ACCEPTED_AFTER_MS = 1_000;
const DOUBTFUL_OFFSET_MS = 5_000;
/** A certificate that is over so soon is to be renewed. */
const SOON_MS = 14 * 86_400_000;
const NORMAL = 1000;
const HOUR_S = 3_600;

const OF_SERVER: readonly Case[] = [
  [/ECONNREFUSED/, "nothing listens there: check the port, and that the server runs"],
  [/ENOTFOUND|EAI_AGAIN/, "the name is not found: check its spelling, and this machine's name resolution"],
  [/no answer|timed? ?out|ETIMEDOUT|UNREACH/i, "check the address, this machine's network, and firewalls on the way"],
  [/wrong version number|EPROTO/, "there is no TLS on this port: use ws://, or the port of wss://"],
  [/not yet valid|expired/i, "check this machine's clock; if it is right, renew the server's certificate"],
  [
    /certificate|self[- ]signed|issuer|altname/i,
    "name the authority of its certificate with --ca, and the host as the certificate does",
  ],
  [/socket hang up|ECONNRESET/, "it ended the connection at once: perhaps it speaks TLS, so try wss://"],
  [/subprotocol/, "it speaks another version of the protocol: upgrade the older of server and agent"],
  [/HTTP 407/, "the proxy wants a user and a password: HTTPS_PROXY=http://user:password@host:port"],
  [/HTTP 50[234]/, "a proxy in front of it answers: check that the server behind it runs"],
  [/HTTP/, "something else answers there: check host, port and path"],
  [/./, "check the address, and that the server runs"],
];

/**
 * Looks at the way to the server: whether it is reached, takes the token, and how far its clock stands off. Says no hello,
 * so that a running agent with the same token is left in peace.
 * @param tokens those that the agent would try, in their order; none for a device that has none yet
 */
export async function* inspectServer(server: string, tokens: Tokens, network: Network): AsyncGenerator<Finding> {
  const url = agentUrl(server);
  const token = tokens.current;
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
    yield notReached(await ended, url, network);
    return;
  }
  yield { subject: "server", verdict: "good", found: `${url.host} is reached` };
  if (network.identity) yield inspectIdentity(network.identity, Date.now());
  const end = await Promise.race([ended, pause(systemClock, ACCEPTED_AFTER_MS)]);
  connection.close(NORMAL, "check is done");
  const isHeld = typeof end === "boolean" || !isUnauthorized(end);
  if (token === undefined)
    yield { subject: "token", verdict: "doubtful", found: "none yet: the agent gets one with its enrolment key" };
  else if (isHeld) yield { subject: "token", verdict: "good", found: "accepted" };
  else yield await inspectNextToken(url, tokens, network);
  yield await inspectClock(url, network);
  await Promise.race([ended, pause(systemClock, ACCEPTED_AFTER_MS)]);
  connection.terminate("check is done");
}

/** The agent has a second one where one was pushed to its data folder and another is set: it tries both. */
async function inspectNextToken(url: URL, tokens: Tokens, network: Network): Promise<Finding> {
  const first = tokens.current;
  tokens.refused();
  if (tokens.current === first) return refused(network);
  const connection = new Connection(url, tokens.current ?? "", network, systemClock, pino({ level: "silent" }));
  const ended = new Promise<ConnectionEnd>((resolve) => connection.once("end", resolve));
  const end = await Promise.race([ended, pause(systemClock, ACCEPTED_AFTER_MS)]);
  connection.terminate("check is done");
  if (typeof end !== "boolean") return refused(network);
  return { subject: "token", verdict: "good", found: "the second of the two that this agent has is accepted" };
}

/** The server does not say why: the token, or the certificate that the device is bound to. */
function refused({ identity }: Network): Finding {
  const certificate = identity
    ? `if the device is bound to another certificate than ${identity.certificate.sha256}, bind it to this one`
    : "if the device is bound to a certificate, name it here with --tls-cert and --tls-key";
  const advice = `rotate the device's token on the server, and set the new one here (MN316_TOKEN); ${certificate}`;
  return { subject: "token", verdict: "bad", found: "refused", advice };
}

/** @param now ms since 1970 */
function inspectIdentity({ certificate }: ClientIdentity, now: number): Finding {
  const { sha256, validFrom, validUntil } = certificate;
  const subject = "certificate";
  const [from, until] = [validFrom.toISOString().slice(0, 10), validUntil.toISOString().slice(0, 10)];
  const advice = "renew it, in the same files: the agent reads them at each connection";
  if (validUntil.getTime() <= now)
    return { subject, verdict: "bad", found: `${sha256} is over since ${until}`, advice };
  if (validFrom.getTime() > now)
    return {
      ...{ subject, verdict: "bad", found: `${sha256} is not good before ${from}` },
      advice: "check this machine's clock",
    };
  const found = `${sha256}, good until ${until}`;
  if (validUntil.getTime() - now < SOON_MS) return { subject, verdict: "doubtful", found, advice };
  return { subject, verdict: "good", found };
}

function notReached(end: ConnectionEnd, url: URL, network: Network): Finding {
  if (isUnauthorized(end)) return refused(network);
  const reason = end.reason.replace(/\s+/g, " ").trim();
  const found = `${url.host} is not reached: ${reason}`;
  return { subject: "server", verdict: "bad", found, advice: adviceFor(OF_SERVER, reason) };
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
    const offsetS = Math.round(Math.abs(offsetMs) / 1_000);
    if (offsetS * 1_000 < DOUBTFUL_OFFSET_MS) return { subject, verdict: "good", found: "as the server's" };
    const by = offsetS < HOUR_S ? `${offsetS} s` : `${Math.round(offsetS / HOUR_S)} h`;
    const found = `${by} ${offsetMs > 0 ? "behind" : "ahead of"} the server's`;
    const advice = `events carry this clock: switch time synchronisation on, for example: ${systemWords().setClock}`;
    return { subject, verdict: "doubtful", found, advice };
  } catch (error) {
    return { subject, verdict: "doubtful", found: `not compared: ${(error as Error).message}` };
  }
}
