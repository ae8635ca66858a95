export { openTransport } from "@mn316-fleet/at";
export { Agent, type AgentOptions } from "./agent";
export type { Finding } from "./inspect/finding";
export { inspectModule } from "./inspect/inspect-module";
export { inspectServer } from "./inspect/inspect-server";
export { createLogger } from "./logging";
export { StoreError } from "./store/agent-store";
export { VERSION } from "./version";
