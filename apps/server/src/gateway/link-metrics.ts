import { CLOSE } from "@mn316-fleet/protocol";
import { Inject, Injectable } from "@nestjs/common";
import { Counter, Gauge } from "prom-client";
import { Metrics } from "../platform/metrics/metrics";
import { Sessions } from "./sessions";

/** What RFC 6455 has for an agent that leaves, and for a connection that broke without a word. */
const REASONS = new Map<number, string>([
  [1000, "left"],
  [1001, "left"],
  [1006, "lost"],
  [CLOSE.restarting, "restarting"],
  [CLOSE.unauthorized, "unauthorized"],
  [CLOSE.superseded, "superseded"],
  [CLOSE.protocolError, "protocol-error"],
  [CLOSE.overRate, "over-rate"],
]);

/** The agents' links of this node, as Prometheus sees them. */
@Injectable()
export class LinkMetrics {
  private readonly begun: Counter;
  private readonly endedBy: Counter<"reason">;

  constructor(sessions: Sessions, @Inject(Metrics) metrics: Metrics) {
    const registers = [metrics];
    new Gauge({
      name: "fleet_agents_connected",
      help: "Agents connected to this node",
      registers,
      collect() {
        this.set(sessions.size);
      },
    });
    this.begun = new Counter({
      name: "fleet_link_sessions_begun_total",
      help: "Sessions of agents that began on this node",
      registers,
    });
    this.endedBy = new Counter({
      name: "fleet_link_sessions_ended_total",
      help: "Sessions of agents that ended on this node, by reason",
      labelNames: ["reason"],
      registers,
    });
    // There from the start: Prometheus sees no increase in a series whose first value is the first end.
    for (const reason of [...REASONS.values(), "other"]) this.endedBy.inc({ reason }, 0);
  }

  began(): void {
    this.begun.inc();
  }

  /** @param closeCode of the WebSocket; those without a meaning here are the agent's to choose, and so no label */
  ended(closeCode: number): void {
    this.endedBy.inc({ reason: REASONS.get(closeCode) ?? "other" });
  }
}
