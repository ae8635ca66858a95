import { type LiveQuery, liveQuerySchema } from "@mn316-fleet/contracts";
import { Controller, Get, Headers, Inject, type OnModuleDestroy, Query, Res } from "@nestjs/common";
import { ApiHeader, ApiResponse, ApiTags } from "@nestjs/swagger";
import type { FastifyReply } from "fastify";
import type { Logger } from "pino";
import { type Caller, CurrentCaller } from "../auth/caller";
import { Callers } from "../auth/callers";
import { RequireRole } from "../auth/require-role";
import { ApiResult } from "../platform/http/api-result";
import { LOGGER } from "../platform/logging/nest-logger";
import { ProblemError } from "../platform/problems/problem.error";
import { LiveConnection, readPosition } from "./live-connection";
import { LiveFeed } from "./live-feed";

const BEAT_EVERY_MS = 15_000;
/** A key or a session that is over ends its streams within so many heart-beats. */
const BEATS_A_CHECK = 4;
const MAX_STREAMS_A_CALLER = 20;
const MAX_STREAMS_A_NODE = 1_000;

/** The fleet as it changes, on any node. */
@ApiTags("live")
@Controller("api/v1/live")
export class LiveController implements OnModuleDestroy {
  private readonly streams = new Map<LiveConnection, string>();

  constructor(
    private readonly feed: LiveFeed,
    private readonly callers: Callers,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleDestroy(): void {
    for (const stream of this.streams.keys()) stream.end();
  }

  @Get()
  @RequireRole("viewer")
  @ApiHeader({ name: "Last-Event-ID", required: false, description: "Goes on behind this event." })
  @ApiResult(undefined, 200, "Server-sent events; each `data` is a JSON object with `kind`.")
  @ApiResponse({ status: 200, content: { "text/event-stream": { schema: { type: "string" } } } })
  async live(
    @Query({ schema: liveQuerySchema }) query: LiveQuery,
    @Headers("last-event-id") lastEventId: string | undefined,
    @CurrentCaller() caller: Caller,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    this.refuseTooMany(caller.id);
    const { raw } = reply.hijack();
    const stream = new LiveConnection(raw, query, caller.fleetId);
    this.streams.set(stream, caller.id);
    const beats = this.beat(stream, caller);
    raw.on("error", () => undefined); // told by close
    raw.on("close", () => {
      clearInterval(beats);
      this.streams.delete(stream);
      this.feed.leave(stream);
    });
    // What is no position of ours was written by another server, or before it was restored: its reader has missed something.
    const from = lastEventId === undefined ? undefined : (readPosition(lastEventId) ?? "unknown");
    await this.feed.join(stream, from).catch((error: unknown) => {
      this.logger.warn({ reason: (error as Error).message }, "a live stream could not begin");
      stream.end();
    });
    if (raw.destroyed) this.feed.leave(stream);
  }

  private beat(stream: LiveConnection, caller: Caller): NodeJS.Timeout {
    let beats = 0;
    return setInterval(() => {
      stream.beat();
      if (++beats % BEATS_A_CHECK > 0) return;
      this.callers.again(caller).then(
        (still) => {
          if (!still) stream.end();
        },
        () => undefined, // a database that is away is asked again at the next check
      );
    }, BEAT_EVERY_MS).unref();
  }

  private refuseTooMany(callerId: string): void {
    const ofCaller = [...this.streams.values()].filter((other) => other === callerId).length;
    if (ofCaller >= MAX_STREAMS_A_CALLER)
      throw new ProblemError(429, "Too many requests", `This caller has ${MAX_STREAMS_A_CALLER} live streams already.`);
    if (this.streams.size >= MAX_STREAMS_A_NODE)
      throw new ProblemError(503, "Service unavailable", "This node has too many live streams.", undefined, {
        "Retry-After": "10",
      });
  }
}
