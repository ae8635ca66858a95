import type { AnswerHead } from "@mn316-fleet/contracts";
import { createParamDecorator, type ExecutionContext } from "@nestjs/common";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { answerCsv } from "./csv";

const CSV = "text/csv";
const JSON_TYPE = "application/json";

/** Gives an answer the form that the request asks for. */
export type InFormat = <T extends AnswerHead>(schema: z.ZodObject, answer: Promise<T>) => Promise<T | string>;

/** `InFormat` of the request: CSV by `format=csv` or by `Accept`, else JSON. What a table cannot say goes into headers. */
export const Formatted = createParamDecorator((_: unknown, context: ExecutionContext): InFormat => {
  const request = context.switchToHttp().getRequest<FastifyRequest<{ Querystring: { format?: string } }>>();
  const reply = context.switchToHttp().getResponse<FastifyReply>();
  const isCsv =
    request.query.format === undefined ? prefersCsv(request.headers.accept) : request.query.format === "csv";
  return async (schema, answered) => {
    const answer = await answered;
    void reply.header("Vary", "Accept");
    if (!isCsv) return answer;
    const { from, to, timeZone, devices, unknownShare, exactFrom } = answer;
    void reply.type(`${CSV}; charset=utf-8; header=present`).headers({
      "X-Fleet-From": from,
      "X-Fleet-To": to,
      "X-Fleet-Time-Zone": timeZone,
      "X-Fleet-Devices": String(devices),
      ...(unknownShare !== null && { "X-Fleet-Unknown-Share": String(unknownShare) }),
      ...(exactFrom !== undefined && { "X-Fleet-Exact-From": exactFrom }),
    });
    return answerCsv(schema, answer as unknown as Record<string, unknown>);
  };
});

function prefersCsv(accept = ""): boolean {
  const weights = new Map(
    accept.split(",").map((range) => {
      const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
      return [type, weight === undefined ? 1 : Number(weight)] as const;
    }),
  );
  const csv = weights.get(CSV) ?? weights.get("text/*") ?? 0;
  const json = weights.get(JSON_TYPE) ?? weights.get("application/*") ?? 0;
  return csv > json;
}
