import { z } from "zod";

/**
 * The configuration as an agent receives it: resolved, placeholders filled in, the password in clear (it travels only to
 * the device that needs it). Ranges are checked by the server's contract before; here only the shape matters.
 */
export const deviceConfigSchema = z.object({
  mqtt: z.object({
    host: z.string(),
    port: z.number().int(),
    clientId: z.string(),
    keepAliveS: z.number().int(),
    username: z.string().optional(),
    password: z.string().optional(),
    cleanSession: z.boolean(),
    ackTimeoutS: z.number().int(),
    pingEcho: z.boolean(),
    will: z
      .object({ topic: z.string(), message: z.string(), qos: z.number().int().min(0).max(2), retain: z.boolean() })
      .optional(),
  }),
  subscriptions: z.array(z.object({ topic: z.string(), qos: z.number().int().min(0).max(2) })),
  recovery: z.object({
    /** Seconds to wait before the first re-open after the module gave up (§3.4). */
    reopenAfterS: z.number(),
    /** Factor by which the wait grows with each further attempt. */
    backoff: z.number(),
    maxReopens: z.number().int(),
    /** Restart the module when the re-opens are used up. */
    thenRestart: z.boolean(),
    /** Then close the serial port and open it anew; servers of before do not say, which means yes. */
    thenReopenPort: z.boolean().optional(),
  }),
  telemetry: z.object({ signalEveryS: z.number().int() }),
  at: z.object({ allow: z.array(z.string()), deny: z.array(z.string()) }),
});

/** A resolved device configuration. */
export type DeviceConfig = z.infer<typeof deviceConfigSchema>;

/** How far an agent got with a version of the desired configuration. */
export const REPORT_STATUSES = ["applying", "applied", "rejected", "rolled-back"] as const;
export type ReportStatus = (typeof REPORT_STATUSES)[number];

/** How each reported field is known: read back, taken on the module's word, or hidden by it (§2.1, module.md trap 10). */
export const FIELD_TRUST = ["verified", "acknowledged", "masked"] as const;
export type FieldTrust = (typeof FIELD_TRUST)[number];

/**
 * What the module holds, as the agent reports it. `trust` has one entry a path, for example `mqtt.ackTimeoutS`.
 * The password is always reported as `***`.
 */
export const reportedConfigSchema = z.looseObject({
  mqtt: z.looseObject({}).optional(),
  subscriptions: z.array(z.object({ topic: z.string(), qos: z.number().int() })).optional(),
  trust: z.record(z.string(), z.enum(FIELD_TRUST)).optional(),
});
export type ReportedConfig = z.infer<typeof reportedConfigSchema>;
