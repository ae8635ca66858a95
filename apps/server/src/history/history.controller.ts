import {
  type EventQuery,
  eventPageSchema,
  eventQuerySchema,
  idSchema,
  intervalPageSchema,
  type IntervalQuery,
  intervalQuerySchema,
  linkSessionPageSchema,
  outagePageSchema,
  type OutageQuery,
  outageQuerySchema,
  linkSessionQuerySchema,
} from "@mn316-fleet/contracts";
import { Controller, Get, Param, Query } from "@nestjs/common";
import { ApiTags } from "@nestjs/swagger";
import { z } from "zod";
import { RequireRole } from "../auth/require-role";
import { ApiResult } from "../platform/http/api-result";
import { decodeCursor, pageOfRows } from "../platform/paging/cursor";
import { notFound } from "../platform/problems/problem.error";
import { HistoryStore, toInterval, toOutage, toStoredEvent } from "./history.store";

const number = z.string().regex(/^\d{1,19}$/);
const position = z.tuple([number, number]);

/** What happened to a device: its module's events and states, and its agent's connections. Newest first. */
@ApiTags("history")
@RequireRole("viewer")
@Controller("api/v1/devices/:id")
export class HistoryController {
  constructor(private readonly store: HistoryStore) {}

  @Get("events")
  @ApiResult(eventPageSchema)
  async events(@Param("id", { schema: idSchema }) id: string, @Query({ schema: eventQuerySchema }) query: EventQuery) {
    await this.mustExist(id);
    const rows = await this.store.events(id, query, decodeCursor(query.cursor, position));
    return pageOfRows(rows, query.limit, toStoredEvent, ({ epoch, seq }) => [epoch, seq]);
  }

  @Get("intervals")
  @ApiResult(intervalPageSchema)
  async intervals(
    @Param("id", { schema: idSchema }) id: string,
    @Query({ schema: intervalQuerySchema }) query: IntervalQuery,
  ) {
    await this.mustExist(id);
    const rows = await this.store.intervals(id, query, decodeCursor(query.cursor, position));
    return pageOfRows(
      rows,
      query.limit,
      (row) => toInterval(row),
      ({ epoch, seq }) => [epoch, seq],
    );
  }

  @Get("outages")
  @ApiResult(outagePageSchema)
  async outages(
    @Param("id", { schema: idSchema }) id: string,
    @Query({ schema: outageQuerySchema }) query: OutageQuery,
  ) {
    await this.mustExist(id);
    const rows = await this.store.outages(id, query, decodeCursor(query.cursor, position));
    return pageOfRows(
      rows,
      query.limit,
      (row) => toOutage(row),
      ({ epoch, seq }) => [epoch, seq],
    );
  }

  @Get("link-sessions")
  @ApiResult(linkSessionPageSchema)
  async linkSessions(
    @Param("id", { schema: idSchema }) id: string,
    @Query({ schema: linkSessionQuerySchema }) query: z.infer<typeof linkSessionQuerySchema>,
  ) {
    await this.mustExist(id);
    const rows = await this.store.linkSessions(id, query, decodeCursor(query.cursor, number));
    return pageOfRows(
      rows,
      query.limit,
      ({ node, began, ended, closeCode }) => ({
        began: began.toISOString(),
        ended: ended?.toISOString() ?? null,
        node,
        closeCode,
      }),
      ({ id: session }) => session,
    );
  }

  private async mustExist(id: string): Promise<void> {
    if (!(await this.store.deviceExists(id))) throw notFound("device", id);
  }
}
