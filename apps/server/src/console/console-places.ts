import type { WebSocket } from "ws";
import { turnAway } from "../platform/http/turn-away";

/** Consoles on one node; more is nobody's daily work. */
const MAX_CONSOLES = 200;
/** Sockets on one node on which nobody has proven to be an operator yet. */
const MAX_UNPROVEN = 200;
/** Of these, how many out of one network: an operator's side proves it as soon as it is connected. */
const MAX_UNPROVEN_OF_NETWORK = 16;
const TRY_AGAIN_LATER = 1013;

/**
 * Places for consoles. Whoever has proven nothing takes none from those who have, and holds one only until others come: then
 * the oldest goes. An operator's own has proven itself by then; one that somebody only wants to hold has not.
 */
export class ConsolePlaces {
  /** With the network that each came from, the oldest first. */
  private readonly unproven = new Map<WebSocket, string>();
  private readonly consoles = new Set<WebSocket>();

  /** @param network as `networkOf` names it */
  arrive(socket: WebSocket, network: string): void {
    this.unproven.set(socket, network);
    socket.once("close", () => {
      this.unproven.delete(socket);
      this.consoles.delete(socket);
    });
    const crowded = this.crowdedNetwork(network);
    for (const [oldest, from] of this.unproven) {
      if (from !== crowded) continue;
      this.unproven.delete(oldest);
      turnAway(oldest, TRY_AGAIN_LATER, "too many consoles");
      return;
    }
  }

  /** To be called once somebody has proven that the socket is an operator's. @returns whether there is a place for it */
  prove(socket: WebSocket): boolean {
    if (!this.unproven.delete(socket) || this.consoles.size >= MAX_CONSOLES) return false;
    this.consoles.add(socket);
    return true;
  }

  /** The network out of which one has to go, if any: many of one go before the only one of another. */
  private crowdedNetwork(network: string): string | undefined {
    const counts = new Map<string, number>();
    for (const from of this.unproven.values()) counts.set(from, (counts.get(from) ?? 0) + 1);
    if ((counts.get(network) ?? 0) > MAX_UNPROVEN_OF_NETWORK) return network;
    if (this.unproven.size <= MAX_UNPROVEN) return undefined;
    const [[most] = []] = [...counts].sort(([, a], [, b]) => b - a);
    return most;
  }
}
