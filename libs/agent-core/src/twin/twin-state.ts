import type { DeviceConfig, ReportedConfig, ReportStatus } from "@mn316-fleet/protocol";

export interface Versioned {
  version: number;
  config: DeviceConfig;
}

/** A version that is being applied. */
export interface Pending extends Versioned {
  confirmWithinS: number;
  /** How often it was begun: an agent that dies of applying it must not try for ever. */
  attempts: number;
  /** It could not be confirmed, but there is nothing to go back to: it is kept, and recovery goes on trying. */
  isKept?: boolean;
  /** Asked for by a job: the module is configured anew even if it seems to hold the same. */
  isForced?: boolean;
}

/** How the last decided version ended. */
export interface Outcome {
  version: number;
  status: Exclude<ReportStatus, "applying">;
  reason?: string;
}

/** What the agent keeps of the configuration. It holds the broker's password, in a folder of mode 0700. */
export interface TwinState {
  /** The newest version received. */
  desired?: Versioned & { confirmWithinS: number };
  pending?: Pending;
  lastGood?: Versioned;
  outcome?: Outcome;
  /** What the module held when it was last read. */
  reported?: ReportedConfig;
}

export const TWIN_KEY = "t/twin";
