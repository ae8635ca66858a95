import proxyaddr from "@fastify/proxy-addr";
import type { IncomingMessage } from "node:http";

/**
 * From where a request comes: the peer's address, or what a proxy that is trusted says before it.
 * @param trustedProxies addresses and networks, as `FLEET_TRUSTED_PROXIES` lists them
 */
export function addressOf(request: IncomingMessage, trustedProxies: readonly string[]): string {
  return proxyaddr(request, [...trustedProxies]);
}

/** @returns whether each entry is an address or a network that can be compared with */
export function areProxies(entries: readonly string[]): boolean {
  try {
    proxyaddr.compile([...entries]);
    return true;
  } catch {
    return false;
  }
}
