import {
  type AdviceDraft,
  type adviceQuerySchema,
  advicesSchema,
  type availabilityQuerySchema,
  availabilitySchema,
  type connectLatencyQuerySchema,
  connectLatencySchema,
  type correlatedQuerySchema,
  correlatedSchema,
  type disconnectsQuerySchema,
  disconnectsSchema,
  draftedProfileSchema,
  type flappingQuerySchema,
  flappingSchema,
  type outagesQuerySchema,
  outagesSchema,
  type signalQuerySchema,
  signalSchema,
  type timeoutsQuerySchema,
  timeoutsSchema,
  whatIfAnswerSchema,
  type whatIfSchema,
} from "@mn316-fleet/contracts";
import type { z } from "zod";
import type { Transport } from "../transport/transport";
import type { Call } from "./call";

/** Why and how often modules were away; each answer says its range, its devices, and how much is not known. */
export const analytics = (transport: Transport) => {
  const question =
    <Q extends z.ZodType, A>(path: string, schema: z.ZodType<A>) =>
    (query: Partial<z.input<Q>> = {}, call: Call = {}): Promise<A> =>
      transport.request(schema, `analytics/${path}`, { query, ...call });
  return {
    availability: question<typeof availabilityQuerySchema, z.infer<typeof availabilitySchema>>(
      "availability",
      availabilitySchema,
    ),
    timeouts: question<typeof timeoutsQuerySchema, z.infer<typeof timeoutsSchema>>("timeouts", timeoutsSchema),
    disconnects: question<typeof disconnectsQuerySchema, z.infer<typeof disconnectsSchema>>(
      "disconnects",
      disconnectsSchema,
    ),
    outages: question<typeof outagesQuerySchema, z.infer<typeof outagesSchema>>("outages", outagesSchema),
    connectLatency: question<typeof connectLatencyQuerySchema, z.infer<typeof connectLatencySchema>>(
      "connect-latency",
      connectLatencySchema,
    ),
    flapping: question<typeof flappingQuerySchema, z.infer<typeof flappingSchema>>("flapping", flappingSchema),
    signal: question<typeof signalQuerySchema, z.infer<typeof signalSchema>>("signal", signalSchema),
    correlatedOutages: question<typeof correlatedQuerySchema, z.infer<typeof correlatedSchema>>(
      "correlated-outages",
      correlatedSchema,
    ),
    advice: question<typeof adviceQuerySchema, z.infer<typeof advicesSchema>>("advice", advicesSchema),
    /** The profile that advice comes to, and what it would do; nothing is stored. */
    draftAdvice: (body: AdviceDraft, call: Call = {}) =>
      transport.request(draftedProfileSchema, "analytics/advice/draft", { method: "POST", body, ...call }),
    /** What would have been with other settings. */
    whatIf: (body: z.input<typeof whatIfSchema>, call: Call = {}) =>
      transport.request(whatIfAnswerSchema, "analytics/what-if", { method: "POST", body, ...call }),
  };
};
