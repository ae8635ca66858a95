import { KNOWN_MODULE_STATES } from "@mn316-fleet/manual";
import { z } from "zod";
import { idSchema, plainTextSchema, tagSchema } from "./common";

const tags = z.array(tagSchema).min(1).max(32);

/** What a selector may ask for of a device; all that it names must hold. */
export const selectorShape = {
  /** Every device. Stands alone. */
  all: z.literal(true).optional(),
  /** All of these tags. */
  tags: tags.optional(),
  /** At least one of these tags. */
  anyTag: tags.optional(),
  /** Text within name or IMEI. */
  q: plainTextSchema.min(1).max(128).optional(),
  /** The module is in one of these states. */
  state: z.array(z.enum(KNOWN_MODULE_STATES)).min(1).max(KNOWN_MODULE_STATES.length).optional(),
  /** The agent is connected, or is not. */
  online: z.boolean().optional(),
  /** The module's firmware as it names it. */
  firmware: plainTextSchema.min(1).max(128).optional(),
  /** These devices. */
  deviceIds: z.array(idSchema).min(1).max(1_000).optional(),
  /** Digits, `?` for any one and `*` for any number of them. */
  imei: z
    .string()
    .regex(/^[\d?*]{1,15}$/, "must be up to 15 digits, '?' or '*'")
    .optional(),
};

/** A selector that names nothing would mean every device by accident: that has to be said with `all`. */
export function checkCriteria(selector: object, context: z.core.$RefinementCtx): void {
  const { all, ...criteria } = selector as { all?: unknown };
  const isNarrowed = Object.values(criteria).some((value) => value !== undefined);
  if (all === undefined && !isNarrowed)
    context.addIssue({
      code: "custom",
      message: 'must name at least one criterion, or {"all": true}',
      params: { rule: "criterion" },
    });
  if (all !== undefined && isNarrowed)
    context.addIssue({
      code: "custom",
      path: ["all"],
      message: "stands alone: with other criteria it says nothing",
      params: { rule: "stands-alone" },
    });
}

/** A question that each device answers with yes or no; see `selectorSql` of the server. */
export const selectorSchema = z.strictObject(selectorShape).superRefine(checkCriteria);
export type Selector = z.infer<typeof selectorSchema>;
