import { type LiveQuery, liveQuerySchema } from "@mn316-fleet/contracts";
import { Controller, Get, Headers, Inject, type OnModuleDestroy, Query, Res } from "@nestjs/common";
import { ApiHeader, ApiResponse, ApiTags } from "@nestjs/swagger";
import type { FastifyReply } from "fastify";
import type { Logger } from "pino";
import { ApiKeysService } from "../auth/api-keys.service";
import { type Caller, CurrentCaller } from "../auth/caller";
import { bearerCredential } from "../auth/credentials";
import { RequireRole } from "../auth/require-role";
import { ApiResult } from "../platform/http/api-result";
import { LOGGER } from "../platform/logging/nest-logger";
import { ProblemError } from "../platform/problems/problem.error";
import { LiveConnection, readPosition } from "./live-connection";
import { LiveFeed } from "./live-feed";

const BEAT_EVERY_MS = 15_000;
/** A key that is deleted or expires ends its streams within so many heart-beats. */
const BEATS_A_CHECK = 4;
const MAX_STREAMS_A_KEY = 20;
const MAX_STREAMS_A_NODE = 1_000;

/** The fleet as it changes, on any node. */
@ApiTags("live")
@Controller("api/v1/live")
export class LiveController implements OnModuleDestroy {
  private readonly streams = new Map<LiveConnection, string>();

  constructor(
    private readonly feed: LiveFeed,
    private readonly keys: ApiKeysService,
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
    @Headers("authorization") authorization: string | undefined,
    @CurrentCaller() { id: keyId }: Caller,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    this.refuseTooMany(keyId);
    const { raw } = reply.hijack();
    const stream = new LiveConnection(raw, query);
    this.streams.set(stream, keyId);
    const beats = this.beat(stream, bearerCredential(authorization) ?? "");
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

  private beat(stream: LiveConnection, credential: string): NodeJS.Timeout {
    let beats = 0;
    return setInterval(() => {
      stream.beat();
      if (++beats % BEATS_A_CHECK > 0) return;
      this.keys.verify(credential).then(
        (caller) => {
          if (!caller) stream.end();
        },
        () => undefined, // a database that is away is asked again at the next check
      );
    }, BEAT_EVERY_MS).unref();
  }

  private refuseTooMany(keyId: string): void {
    const ofKey = [...this.streams.values()].filter((other) => other === keyId).length;
    if (ofKey >= MAX_STREAMS_A_KEY)
      throw new ProblemError(429, "Too many requests", `This key has ${MAX_STREAMS_A_KEY} live streams already.`);
    if (this.streams.size >= MAX_STREAMS_A_NODE)
      throw new ProblemError(503, "Service unavailable", "This node has too many live streams.", undefined, {
        "Retry-After": "10",
      });
  }
}
