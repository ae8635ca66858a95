import { WsAdapter } from "@nestjs/platform-ws";

/** Leaves the messages to the gateway: Nest's own path through RxJS costs more than half of what a socket can take. */
export class AgentWsAdapter extends WsAdapter {
  override bindMessageHandlers(): void {
    // The gateway reads frames from the socket itself.
  }
}
