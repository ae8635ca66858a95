import { z } from "zod";

/** A moment, ISO 8601 in UTC. */
export const timeSchema = z.iso.datetime();

/** One rule that a request broke: where (`mqtt.keepAliveS`), which, and what would be right. */
export const fieldErrorSchema = z.object({ path: z.string(), rule: z.string(), message: z.string() });
export type FieldError = z.infer<typeof fieldErrorSchema>;

/** RFC 9457 problem document; every error of the API is one. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  errors: z.array(fieldErrorSchema).optional(),
});
export type Problem = z.infer<typeof problemSchema>;

/** A page of a list; `next` is the cursor of the following page, absent on the last. */
export const pageOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().nullable() });
export interface Page<T> {
  items: T[];
  next: string | null;
}

/** Query parameters that every list takes. */
export const pageQueryShape = {
  cursor: z.string().max(512).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
};

/** Range of an analytics or history query: `from` inclusive, `to` exclusive. */
export const rangeQueryShape = { from: timeSchema.optional(), to: timeSchema.optional() };

/** Text for people's eyes: no control characters, among them NUL, which PostgreSQL cannot store. */
export const plainTextSchema = z.string().refine((text) => !/\p{Cc}/u.test(text), {
  error: "must not hold control characters",
  params: { rule: "no-control-characters" },
});

export const tagSchema = z.string().regex(/^[\w.:-]{1,64}$/, "must be 1 to 64 letters, digits, '.', ':', '_' or '-'");

export const idSchema = z.uuid();
export const idParamSchema = z.strictObject({ id: idSchema });
