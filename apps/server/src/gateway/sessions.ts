import { Injectable } from "@nestjs/common";
import type { AgentConnection } from "./agent-connection";

/** The agents that are connected to this node and have said hello: one a device. */
@Injectable()
export class Sessions {
  private readonly byDevice = new Map<string, AgentConnection>();

  get size(): number {
    return this.byDevice.size;
  }

  get(deviceId: string): AgentConnection | undefined {
    return this.byDevice.get(deviceId);
  }

  /** @returns the session that this one supersedes, if any */
  add(session: AgentConnection): AgentConnection | undefined {
    const former = this.byDevice.get(session.deviceId);
    if (former && former.fencing > session.fencing) return session;
    this.byDevice.set(session.deviceId, session);
    return former;
  }

  remove(session: AgentConnection): void {
    if (this.byDevice.get(session.deviceId) === session) this.byDevice.delete(session.deviceId);
  }

  all(): AgentConnection[] {
    return [...this.byDevice.values()];
  }
}
