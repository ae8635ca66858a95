export { type ConsoleOptions, type ConsoleOutput, DeviceConsole } from "./console";
export { ConsoleError, ProblemResponseError, UnreachableError } from "./errors";
export { FleetClient, type OpenApiDocument } from "./fleet-client";
export type { LiveOptions } from "./live";
export type { Call, WriteOptions } from "./operations/call";
export { pages, pagesOf } from "./pages";
export type { ClientOptions, Request } from "./transport/transport";
