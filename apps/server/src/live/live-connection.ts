import type { LiveEvent, LiveQuery } from "@mn316-fleet/contracts";
import type { ServerResponse } from "node:http";
import type { LiveReader } from "./live-feed";
import type { LivePosition, LiveRow } from "./live.store";

/** A reader that lets more than this pile up unread is cut off; it comes back and goes on where it was. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
/** How long a browser waits before it comes back, in ms. */
const RETRY_MS = 2_000;

/** One response that never ends: events as they come, in the format of server-sent events. */
export class LiveConnection implements LiveReader {
  private position: LivePosition | undefined;

  constructor(
    private readonly response: ServerResponse,
    private readonly query: LiveQuery,
    private readonly fleetId: number,
  ) {
    response.writeHead(200, {
      "Content-Type": "text/event-stream; charset=utf-8",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      "X-Accel-Buffering": "no", // proxies that gather answers would hold events back
    });
    this.write(`retry: ${RETRY_MS}\n\n`);
  }

  take(rows: readonly LiveRow[]): void {
    this.position = rows.at(-1)?.position;
    const wanted = rows.filter((row) => row.fleetId === this.fleetId && isWanted(row, this.query));
    if (wanted.length > 0) this.write(wanted.map((row) => block(row.position, toEvent(row))).join(""));
  }

  reset(position: LivePosition): void {
    this.position = position;
    this.write(block(position, { kind: "reset", at: new Date().toISOString() }));
  }

  /** Shows that the connection lives, and how far the stream is, for readers that want little of it. */
  beat(): void {
    this.write(`: beat\n${this.position ? `id: ${textOf(this.position)}\n` : ""}\n`);
  }

  end(): void {
    this.response.end();
  }

  private write(text: string): void {
    if (this.response.destroyed || this.response.writableEnded) return;
    if (this.response.writableLength > MAX_BUFFERED_BYTES) this.response.destroy();
    else this.response.write(text);
  }
}

/** Reads `Last-Event-ID`; undefined for what this server never wrote. */
export function readPosition(text: string): LivePosition | undefined {
  const match = /^(\d{1,19})-(\d{1,18})$/.exec(text);
  return match?.[1] && match[2] ? { xid: BigInt(match[1]), id: BigInt(match[2]) } : undefined;
}

function isWanted(row: LiveRow, { tag, state, deviceId, kinds }: LiveQuery): boolean {
  return (
    (!kinds || kinds.includes(row.kind)) &&
    (deviceId === undefined || row.deviceId === deviceId) &&
    (tag === undefined || (row.tags?.includes(tag) ?? false)) &&
    (state === undefined || row.moduleState === state)
  );
}

function toEvent({ kind, at, deviceId, data }: LiveRow): LiveEvent {
  return { kind, at: at.toISOString(), ...(deviceId !== null && { deviceId }), ...data } as LiveEvent;
}

function block(position: LivePosition, event: LiveEvent): string {
  return `id: ${textOf(position)}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
}

const textOf = ({ xid, id }: LivePosition) => `${xid}-${id}`;
