import {
  type CreateJobInput,
  executionPageSchema,
  type ExecutionQuery,
  jobPageSchema,
  type JobQuery,
  jobSchema,
  rehearsalSchema,
} from "@mn316-fleet/contracts";
import type { Transport } from "../transport/transport";
import { type Call, idempotency, segment } from "./call";

export const jobs = (transport: Transport) => {
  const control =
    (verb: string) =>
    (id: string, call: Call = {}) =>
      transport.request(jobSchema, `jobs/${segment(id)}/${verb}`, { method: "POST", ...call });
  return {
    /** @param idempotencyKey makes one job however often the same is sent within 24 hours */
    create: (body: CreateJobInput, idempotencyKey?: string, call: Call = {}) =>
      transport.request(jobSchema, "jobs", { method: "POST", body, headers: idempotency(idempotencyKey), ...call }),
    /** What would come of a job; nothing is made or sent. */
    rehearse: (body: CreateJobInput, call: Call = {}) =>
      transport.request(rehearsalSchema, "jobs", { method: "POST", body: { ...body, rehearse: true }, ...call }),
    list: (query: Partial<JobQuery> = {}, call: Call = {}) =>
      transport.request(jobPageSchema, "jobs", { query, ...call }),
    get: (id: string, call: Call = {}) => transport.request(jobSchema, `jobs/${segment(id)}`, call),
    executions: (id: string, query: Partial<ExecutionQuery> = {}, call: Call = {}) =>
      transport.request(executionPageSchema, `jobs/${segment(id)}/executions`, { query, ...call }),
    cancel: control("cancel"),
    pause: control("pause"),
    resume: control("resume"),
  };
};
