import { HttpsProxyAgent } from "https-proxy-agent";
import { type Agent, type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { rootCertificates } from "node:tls";
import { getProxyForUrl } from "proxy-from-env";
import type { ClientIdentity, Identity } from "./client-identity";

/** How the server is reached. */
export interface Network {
  /** Certificates (PEM) of authorities that are trusted beside the well-known ones. */
  ca?: string;
  /** What the agent shows in TLS. */
  identity?: ClientIdentity;
}

/** What a connection to `url` needs: the proxy of `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, who is trusted, and what is shown. */
export function connectOptions(
  url: URL,
  { ca, identity }: Network,
): { agent?: Agent; ca?: string[] } & Partial<Identity> {
  const proxy = getProxyForUrl(url.href.replace(/^ws/, "http"));
  const trusted = ca === undefined ? undefined : [...rootCertificates, ca];
  return {
    ...(proxy !== "" && { agent: new HttpsProxyAgent(proxy, trusted ? { ca: trusted } : {}) }),
    ...(trusted && { ca: trusted }),
    ...identity?.current,
  };
}

export interface HttpAnswer {
  status: number;
  headers: IncomingMessage["headers"];
  body: string;
}

const MAX_BODY_BYTES = 64 * 1024;

/**
 * One HTTP request to the server, the way its WebSocket goes.
 * @param body sent as JSON with POST; without it a GET
 * @throws Error when there is no answer within `timeoutMs`
 */
export function httpExchange(url: URL, network: Network, timeoutMs: number, body?: unknown): Promise<HttpAnswer> {
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(url, {
      ...connectOptions(url, network),
      method: body === undefined ? "GET" : "POST",
      headers: { connection: "close", ...(body !== undefined && { "content-type": "application/json" }) },
      signal: AbortSignal.timeout(timeoutMs),
    });
    request.once("error", (error) => {
      reject(error.name === "AbortError" || error.name === "TimeoutError" ? new Error("no answer in time") : error);
    });
    request.once("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > MAX_BODY_BYTES) response.destroy(new Error("the answer is too long"));
      });
      response.once("error", reject);
      response.once("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
