import {
  type CreateJob,
  createJobSchema,
  executionPageSchema,
  type ExecutionQuery,
  executionQuerySchema,
  idParamSchema,
  jobPageSchema,
  type JobQuery,
  jobQuerySchema,
  jobSchema,
  rehearsalSchema,
} from "@mn316-fleet/contracts";
import { Body, Controller, Get, Param, Post, Query, Res } from "@nestjs/common";
import { ApiResponse, ApiTags } from "@nestjs/swagger";
import type { FastifyReply } from "fastify";
import { type Caller, CurrentCaller } from "../auth/caller";
import { DeviceScope, MindsScope } from "../auth/device-scope";
import { RequireRole } from "../auth/require-role";
import { CurrentRequestKey, type RequestKey, TakesIdempotencyKey } from "../idempotency/idempotency-key";
import { ApiResult } from "../platform/http/api-result";
import { JobsService } from "./jobs.service";
import { Rehearsals } from "./rehearsal/rehearsals";

const SAME_JOB = "the same job";

@ApiTags("jobs")
@Controller("api/v1")
export class JobsController {
  constructor(
    private readonly jobs: JobsService,
    private readonly rehearsals: Rehearsals,
    private readonly scope: DeviceScope,
  ) {}

  @Post("jobs")
  @RequireRole("operator")
  @TakesIdempotencyKey(SAME_JOB)
  @MindsScope()
  @ApiResponse({ status: 200, description: "What would come of it: a rehearsal.", standardSchema: rehearsalSchema })
  @ApiResult(jobSchema, 201, "One execution a device waits for its turn.")
  async create(
    @Body({ schema: createJobSchema }) body: CreateJob,
    @CurrentCaller() caller: Caller,
    @CurrentRequestKey() key: RequestKey,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    await this.scope.requireTargets(caller.selector, body.targets);
    if (!body.rehearse) return this.jobs.create(body, caller, key);
    void reply.status(200);
    return this.rehearsals.rehearse(body);
  }

  @Get("jobs")
  @RequireRole("viewer")
  @ApiResult(jobPageSchema)
  list(@Query({ schema: jobQuerySchema }) query: JobQuery) {
    return this.jobs.list(query);
  }

  @Get("jobs/:id")
  @RequireRole("viewer")
  @ApiResult(jobSchema)
  get(@Param({ schema: idParamSchema }) { id }: { id: string }) {
    return this.jobs.get(id);
  }

  @Get("jobs/:id/executions")
  @RequireRole("viewer")
  @ApiResult(executionPageSchema)
  executions(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Query({ schema: executionQuerySchema }) query: ExecutionQuery,
  ) {
    return this.jobs.listExecutions(id, query);
  }

  /** What was to be done on one device, the newest first. */
  @Get("devices/:id/executions")
  @RequireRole("viewer")
  @ApiResult(executionPageSchema)
  executionsOfDevice(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Query({ schema: executionQuerySchema }) query: ExecutionQuery,
  ) {
    return this.jobs.listExecutionsOf(id, query);
  }

  @Post("jobs/:id/pause")
  @RequireRole("operator")
  @ApiResult(jobSchema, 200, "Nothing more is sent; what was sent runs to its end. 409 where it is over or paused.")
  pause(@Param({ schema: idParamSchema }) { id }: { id: string }) {
    return this.jobs.pause(id);
  }

  @Post("jobs/:id/resume")
  @RequireRole("operator")
  @ApiResult(jobSchema, 200, "It goes on where it stood. 409 where it is over or not paused.")
  resume(@Param({ schema: idParamSchema }) { id }: { id: string }) {
    return this.jobs.resume(id);
  }

  @Post("jobs/:id/cancel")
  @RequireRole("operator")
  @ApiResult(
    jobSchema,
    200,
    "What waited is canceled, and the devices of what was sent are asked. 409 where all is over.",
  )
  cancel(@Param({ schema: idParamSchema }) { id }: { id: string }) {
    return this.jobs.cancel(id);
  }

  @Post("devices/:id/reconnect")
  @RequireRole("operator")
  @TakesIdempotencyKey(SAME_JOB)
  @ApiResult(jobSchema, 201, "Closes the module's link to its broker and opens it again.")
  reconnect(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @CurrentCaller() caller: Caller,
    @CurrentRequestKey() key: RequestKey,
  ) {
    return this.jobs.createFor(id, "reconnect", caller, key);
  }

  @Post("devices/:id/restart")
  @RequireRole("operator")
  @TakesIdempotencyKey(SAME_JOB)
  @ApiResult(jobSchema, 201, "Restarts the module and configures it anew.")
  restart(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @CurrentCaller() caller: Caller,
    @CurrentRequestKey() key: RequestKey,
  ) {
    return this.jobs.createFor(id, "restart", caller, key);
  }

  @Post("devices/:id/probe")
  @RequireRole("operator")
  @TakesIdempotencyKey(SAME_JOB)
  @ApiResult(jobSchema, 201, "Asks the module what it is and how it is.")
  probe(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @CurrentCaller() caller: Caller,
    @CurrentRequestKey() key: RequestKey,
  ) {
    return this.jobs.createFor(id, "probe", caller, key);
  }
}
