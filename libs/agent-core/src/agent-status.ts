/** How an agent is, for whoever stands beside the device. Holds no secret. */
export interface AgentStatus {
  version: string;
  /** ms since 1970 */
  startedAt: number;
  server: {
    url: string;
    isConnected: boolean;
    since: number;
    /** Why the last connection ended, or none came about. */
    lastEnd?: string;
  };
  module: { isPortOpen: boolean; state: string; since: number; imei?: string; model?: string };
  outbox: {
    waiting: number;
    sizeBytes: number;
    /** Why the server does not take what waits. */
    refusal?: string;
  };
  config: { version: number; status?: string; reason?: string };
}
