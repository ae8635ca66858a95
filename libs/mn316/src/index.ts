export { Decoder } from "./decode/decoder";
export type { Unit } from "./decode/units";
export type { ReadConfig } from "./driver/answers";
export * from "./driver/errors";
export { Mn316 } from "./driver/mn316";
export type {
  ExecResult,
  Identity,
  KnownState,
  Message,
  Mn316Event,
  Mn316Events,
  Mn316Options,
  OperationOptions,
  PublishOptions,
  Registration,
} from "./driver/options";
export type { Cause } from "./driver/session-machine";
export { checkSettings, type MqttSettings } from "./driver/settings";
export { probe, type ProbeReport } from "./probe/probe";
export { Replay, type ReplayStep } from "./trace/replay";
export { parseTraceLine, type TraceEntry, TraceFormatError, traceLine } from "./trace/trace";
export { ChannelClosedError, CommandTimeoutError, LineUnresponsiveError, openTransport } from "@mn316-fleet/at";
