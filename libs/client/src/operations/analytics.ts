import { availabilitySchema, type AvailabilityQuery, timeoutsSchema, type TimeoutsQuery } from "@mn316-fleet/contracts";
import type { Transport } from "../transport/transport";
import type { Call } from "./call";

export const analytics = (transport: Transport) => ({
  timeouts: (query: Partial<TimeoutsQuery> = {}, call: Call = {}) =>
    transport.request(timeoutsSchema, "analytics/timeouts", { query, ...call }),
  availability: (query: Partial<AvailabilityQuery> = {}, call: Call = {}) =>
    transport.request(availabilitySchema, "analytics/availability", { query, ...call }),
});
