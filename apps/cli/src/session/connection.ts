import { FleetClient } from "@mn316-fleet/client";
import { EnvHttpProxyAgent, fetch as undiciFetch, WebSocket as UndiciWebSocket } from "undici";
import type { Context } from "./contexts";

/**
 * A client of one server. Requests and the console go through the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name, which
 * Node's own `fetch` does not know before version 24.
 */
export class Connection {
  private readonly dispatcher = new EnvHttpProxyAgent();
  readonly client: FleetClient;
  /** For the console. */
  readonly WebSocket: new (url: string) => WebSocket;

  constructor({ url, key }: Context) {
    const { dispatcher } = this;
    // A redirected POST would arrive as a GET: the user is told to give the right address instead.
    // The same interfaces under other names: undici's own types and those that Node gives to its globals.
    const send = ((input: string, init: object) =>
      undiciFetch(input, { ...init, dispatcher, redirect: "manual" })) as unknown;
    this.client = new FleetClient({ baseUrl: url, key, fetch: send as typeof fetch });
    this.WebSocket = class extends UndiciWebSocket {
      constructor(address: string) {
        super(address, { dispatcher });
      }
    } as unknown as new (url: string) => WebSocket;
  }
}
