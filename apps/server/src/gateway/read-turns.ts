import { DEFAULT_LIMITS } from "@mn316-fleet/protocol";
import { type Ingest, MAX_BUFFERED_EVENTS } from "../ingest/ingest";
import type { AgentConnection } from "./agent-connection";

const TICK_MS = 20;
/** What a connection that is read again may hand in at once: all that an agent sends without an acknowledgement. */
const TURN_EVENTS = DEFAULT_LIMITS.batch * DEFAULT_LIMITS.inflight;

/**
 * Who is read while the buffer is full or was just now: agents with backlogs one after the other, as the database makes room,
 * and the others as ever. So thousands that come back at once are let in at the database's pace, and none is forgotten.
 */
export class ReadTurns {
  /** Those that are not read, the one that waited longest first. */
  private readonly waiting = new Set<AgentConnection>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly connections: ReadonlySet<AgentConnection>,
    private readonly ingest: Pick<Ingest, "isFull" | "isFullForAll" | "buffered">,
  ) {}

  /** The buffer became full: nobody with a backlog is read any more, and nobody at all where even the reserve is used up. */
  closeDoors(): void {
    for (const connection of this.connections)
      if (connection.isWelcomed && (this.ingest.isFullForAll || connection.hasBacklog)) this.hold(connection);
  }

  /** To be called when a connection was welcomed or handed something in: it gets in line where there is one. */
  queueUp(connection: AgentConnection): void {
    if (this.ingest.isFullForAll || (connection.hasBacklog && (this.ingest.isFull || this.waiting.size > 0)))
      this.hold(connection);
  }

  forget(connection: AgentConnection): void {
    this.waiting.delete(connection);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private hold(connection: AgentConnection): void {
    if (this.waiting.has(connection)) return;
    this.waiting.add(connection);
    connection.hold("buffer");
    this.timer ??= setInterval(() => {
      this.letIn();
    }, TICK_MS).unref();
  }

  private letIn(): void {
    if (!this.ingest.isFullForAll)
      for (const connection of this.waiting) if (!connection.hasBacklog) this.release(connection);
    let room = MAX_BUFFERED_EVENTS - this.ingest.buffered;
    for (const connection of this.waiting) {
      if (room <= 0) return;
      this.release(connection);
      room -= TURN_EVENTS;
    }
    if (this.waiting.size === 0) this.stop();
  }

  private release(connection: AgentConnection): void {
    this.waiting.delete(connection);
    connection.release("buffer");
  }
}
