import {
  type EventExportQuery,
  eventExportQuerySchema,
  type ExportQuery,
  exportQuerySchema,
  type IntervalExportQuery,
  intervalExportQuerySchema,
  type RollupName,
  rollupParamSchema,
} from "@mn316-fleet/contracts";
import { Controller, Get, Param, Query, Req, Res } from "@nestjs/common";
import { ApiTags } from "@nestjs/swagger";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type Caller, CurrentCaller } from "../auth/caller";
import { RequireRole } from "../auth/require-role";
import { invalid } from "../platform/problems/problem.error";
import { ApiExport } from "./api-export";
import type { Dataset, RowFilter } from "./dataset";
import { DEVICES } from "./devices-dataset";
import { Exports } from "./exports";
import { FORMATS } from "./formats/formats";
import { EVENTS, INTERVALS, LINK_SESSIONS } from "./history-datasets";
import { ROLLUPS } from "./rollup-datasets";

/** Whole tables as files, streamed. */
@ApiTags("export")
@RequireRole("viewer")
@Controller("api/v1/export")
export class ExportController {
  constructor(private readonly exports: Exports) {}

  /** The register, with the last that is known of each device; the range is that of their creation. */
  @Get("devices")
  @ApiExport()
  devices(
    @Query({ schema: exportQuerySchema }) query: ExportQuery,
    @CurrentCaller() caller: Caller,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.send(DEVICES, query, caller, request, reply);
  }

  /** Raw events, by device and in the device's order. */
  @Get("events")
  @ApiExport()
  events(
    @Query({ schema: eventExportQuerySchema }) query: EventExportQuery,
    @CurrentCaller() caller: Caller,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.send(EVENTS, query, caller, request, reply);
  }

  /** Stretches of time in one module state, those that overlap the range. */
  @Get("intervals")
  @ApiExport()
  intervals(
    @Query({ schema: intervalExportQuerySchema }) query: IntervalExportQuery,
    @CurrentCaller() caller: Caller,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.send(INTERVALS, query, caller, request, reply);
  }

  /** Connections of agents, those that overlap the range. */
  @Get("link-sessions")
  @ApiExport()
  linkSessions(
    @Query({ schema: exportQuerySchema }) query: ExportQuery,
    @CurrentCaller() caller: Caller,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.send(LINK_SESSIONS, query, caller, request, reply);
  }

  /** Sums by hour or day, those that begin in the range; of outages those that overlap it. */
  @Get("rollups/:name")
  @ApiExport()
  rollups(
    @Param({ schema: rollupParamSchema }) { name }: { name: RollupName },
    @Query({ schema: exportQuerySchema }) query: ExportQuery,
    @CurrentCaller() caller: Caller,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.send(ROLLUPS[name], query, caller, request, reply);
  }

  private async send(
    dataset: Dataset,
    { format, deviceId, tag, selector, ...filter }: ExportQuery & RowFilter,
    { id: callerId }: Caller,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    if (!dataset.isOfDevices) refuseDevices({ deviceId, tag, selector });
    const { mediaType, isText } = FORMATS[format];
    const isGzipped = isText && takesGzip(request.headers["accept-encoding"]);
    const file = `${dataset.name}-${new Date().toISOString().replace(/\W/g, "").slice(0, 14)}.${format}`;
    const headers = {
      "Content-Type": mediaType,
      "Content-Disposition": `attachment; filename="${file}"`,
      Vary: "Accept-Encoding",
      ...(isGzipped && { "Content-Encoding": "gzip" }),
    };
    if (request.method === "HEAD") {
      void reply.headers(headers).send();
      return;
    }
    const selectors = [...(tag === undefined ? [] : [{ tags: [tag] }]), ...(selector ? [selector] : [])];
    const devices = { deviceId, selectors };
    const response = reply.raw;
    const stream = await this.exports.begin({ dataset, devices, filter, format, callerId, isGzipped, response });
    void reply.headers(headers).send(stream);
  }
}

/** Sums over the fleet belong to no device. */
function refuseDevices(named: object): void {
  const paths = Object.entries(named).filter(([, value]) => value !== undefined);
  if (paths.length > 0)
    throw invalid(
      paths.map(([path]) => ({ path, rule: "whole-fleet", message: "does not go with sums over the whole fleet" })),
    );
}

function takesGzip(acceptEncoding: string | string[] | undefined): boolean {
  return [acceptEncoding ?? ""].flat().some((text) => /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(text));
}
