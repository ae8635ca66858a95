export { FleetClient } from "./fleet-client";
export type { LiveOptions } from "./live";
export { ProblemResponseError, UnreachableError } from "./problem-response.error";
export type { ClientOptions } from "./transport";
