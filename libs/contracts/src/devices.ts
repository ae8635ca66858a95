import { KNOWN_MODULE_STATES } from "@mn316-fleet/manual";
import { CAUSES } from "@mn316-fleet/protocol";
import { z } from "zod";
import { idSchema, pageOf, pageQueryShape, plainTextSchema, tagSchema, timeSchema } from "./common";
import { selectorSchema } from "./selector";
import { timeZoneSchema } from "./time-zone";

const name = plainTextSchema.trim().min(1).max(128);
const imei = z.string().regex(/^\d{15}$/, "must be 15 digits");
const tags = z.array(tagSchema).max(32);

/** How far the device is with its desired configuration. */
export const CONFIG_STATUSES = [
  "none",
  "pending",
  "applying",
  "applied",
  "rejected",
  "rolled-back",
  "drifted",
] as const;
export const configStatusSchema = z.enum(CONFIG_STATUSES);
export type ConfigStatus = z.infer<typeof configStatusSchema>;

export const deviceSchema = z.object({
  id: idSchema,
  name: z.string(),
  imei: z.string().nullable(),
  tags: z.array(z.string()),
  /** Where the device is: its hours of maintenance are by this clock. */
  timeZone: z.string().nullable(),
  /** The agent's link to the server. */
  link: z.object({ online: z.boolean(), since: timeSchema.nullable() }),
  /** The module's link to its MQTT broker, `unknown` while the agent is away. */
  module: z.object({
    state: z.enum(KNOWN_MODULE_STATES),
    since: timeSchema.nullable(),
    cause: z.enum(CAUSES).nullable(),
    signalDbm: z.number().int().nullable(),
  }),
  config: z.object({ desiredVersion: z.number().int(), reportedVersion: z.number().int(), status: configStatusSchema }),
  agentVersion: z.string().nullable(),
  createdAt: timeSchema,
});
export type Device = z.infer<typeof deviceSchema>;
export const devicePageSchema = pageOf(deviceSchema);

export const createDeviceSchema = z.strictObject({
  name,
  imei: imei.optional(),
  tags: tags.default([]),
  timeZone: timeZoneSchema.optional(),
});
export const updateDeviceSchema = z
  .strictObject({ name, imei: imei.nullable(), tags, timeZone: timeZoneSchema.nullable() })
  .partial()
  .refine((body) => Object.keys(body).length > 0, "must change at least one field");
export const createdDeviceSchema = deviceSchema.extend({ token: z.string() });
export type CreatedDevice = z.infer<typeof createdDeviceSchema>;

export const deviceQuerySchema = z.strictObject({
  ...pageQueryShape,
  /** Text within name or IMEI. */
  q: plainTextSchema.max(128).optional(),
  tag: tagSchema.optional(),
  state: z.enum(KNOWN_MODULE_STATES).optional(),
  online: z.enum(["true", "false"]).optional(),
  /** How far the device is with its configuration. */
  config: configStatusSchema.optional(),
});
export type DeviceQuery = z.infer<typeof deviceQuerySchema>;

export const rotateTokenSchema = z.strictObject({
  /** How long the former token still works, in seconds. */
  overlapS: z.number().int().min(0).max(604_800).default(3_600),
});
export const tokenSchema = z.object({
  token: z.string(),
  previousValidUntil: timeSchema.nullable(),
  /** It was handed to the connected agent, which keeps it by itself; otherwise it has to be carried there. */
  isPushed: z.boolean(),
});

export const fleetCountsSchema = z.object({
  devices: z.number().int(),
  online: z.number().int(),
  states: z.record(z.enum(KNOWN_MODULE_STATES), z.number().int()),
});
export type FleetCounts = z.infer<typeof fleetCountsSchema>;

/** How many devices a selector chooses now. */
export const deviceCountQuerySchema = z.strictObject({ selector: selectorSchema });
export type DeviceCountQuery = z.infer<typeof deviceCountQuerySchema>;
export const deviceCountSchema = z.object({ devices: z.number().int() });
export type DeviceCount = z.infer<typeof deviceCountSchema>;
