import { AGENT_PATH } from "@mn316-fleet/protocol";

/**
 * Where agents connect on a server.
 * @param server `ws://` or `wss://`, `http(s)://` is taken for it; a path in it is kept, for servers behind a proxy
 * @throws TypeError for anything else
 */
export function agentUrl(server: string): URL {
  const url = new URL(server);
  const protocol = { "http:": "ws:", "https:": "wss:", "ws:": "ws:", "wss:": "wss:" }[url.protocol];
  if (protocol === undefined) throw new TypeError(`expected ws:// or wss://, not ${url.protocol}//`);
  const path = url.pathname.replace(/\/+$/, "");
  return new URL(`${protocol}//${url.host}${path.endsWith(AGENT_PATH) ? path : path + AGENT_PATH}`);
}
