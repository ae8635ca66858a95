export * from "./commands";
export * from "./error-codes";
export * from "./limits";
export * from "./parameters";
export * from "./quirks";
export * from "./states";
export * from "./timeouts";
export * from "./urcs";
