import {
  type CreateEventStream,
  createEventStreamSchema,
  eventStreamListSchema,
  eventStreamSchema,
  idParamSchema,
  type SeekEventStream,
  seekEventStreamSchema,
  type UpdateEventStream,
  updateEventStreamSchema,
} from "@mn316-fleet/contracts";
import { Body, Controller, Delete, Get, Param, Patch, Post } from "@nestjs/common";
import { ApiTags } from "@nestjs/swagger";
import { type Caller, CurrentCaller } from "../auth/caller";
import { RequireRole } from "../auth/require-role";
import { CurrentRequestKey, type RequestKey, TakesIdempotencyKey } from "../idempotency/idempotency-key";
import { ApiResult } from "../platform/http/api-result";
import { EventStreamsService } from "./event-streams.service";

interface Id {
  id: string;
}

@ApiTags("event-streams")
@RequireRole("admin")
@Controller("api/v1/event-streams")
export class EventStreamsController {
  constructor(private readonly streams: EventStreamsService) {}

  @Get()
  @ApiResult(eventStreamListSchema, 200, "All streams, without their secrets.")
  async list() {
    return { items: await this.streams.list(), next: null };
  }

  @Post()
  @TakesIdempotencyKey("the same stream as it is now")
  @ApiResult(eventStreamSchema, 201, "A process begins to deliver it within seconds.")
  create(
    @Body({ schema: createEventStreamSchema }) body: CreateEventStream,
    @CurrentCaller() { name }: Caller,
    @CurrentRequestKey() key: RequestKey,
  ) {
    return this.streams.create(body, name, key);
  }

  @Get(":id")
  @ApiResult(eventStreamSchema)
  get(@Param({ schema: idParamSchema }) { id }: Id) {
    return this.streams.get(id);
  }

  @Patch(":id")
  @ApiResult(eventStreamSchema, 200, "Holds from the next batch on; the stream goes on where it is.")
  update(
    @Param({ schema: idParamSchema }) { id }: Id,
    @Body({ schema: updateEventStreamSchema }) body: UpdateEventStream,
  ) {
    return this.streams.update(id, body);
  }

  @Delete(":id")
  @ApiResult(undefined, 204)
  remove(@Param({ schema: idParamSchema }) { id }: Id) {
    return this.streams.remove(id);
  }

  @Post(":id/pause")
  @ApiResult(eventStreamSchema, 200, "Keeps its place; a batch under way is finished.")
  pause(@Param({ schema: idParamSchema }) { id }: Id) {
    return this.streams.enable(id, false);
  }

  @Post(":id/resume")
  @ApiResult(eventStreamSchema, 200, "Goes on where it was; one that fails is tried at once.")
  resume(@Param({ schema: idParamSchema }) { id }: Id) {
    return this.streams.enable(id, true);
  }

  @Post(":id/seek")
  @ApiResult(eventStreamSchema, 200, "Goes on from there; what was delivered before may come again.")
  seek(@Param({ schema: idParamSchema }) { id }: Id, @Body({ schema: seekEventStreamSchema }) { to }: SeekEventStream) {
    return this.streams.seek(id, to);
  }
}
