export * from "./at-policy";
export * from "./causes";
export * from "./configuration";
export * from "./events";
export * from "./executions";
export * from "./frames";
export * from "./limits";
