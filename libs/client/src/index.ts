export { FleetClient } from "./fleet-client";
export { ProblemResponseError, UnreachableError } from "./problem-response.error";
export type { ClientOptions } from "./transport";
