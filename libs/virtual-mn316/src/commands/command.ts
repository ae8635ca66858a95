import type { MqttClient } from "../client/mqtt-client";
import type { Dialect } from "../dialects/dialect";
import type { Identity } from "../identity";
import type { Voice } from "../serial/voice";
import type { Arguments } from "./arguments";

/** What of the module a command may see and change. */
export interface CommandContext {
  readonly client: MqttClient;
  readonly dialect: Dialect;
  readonly voice: Voice;
  readonly identity: Identity;
  readonly random: () => number;
  isEchoOn: boolean;
  errorMode: 0 | 1 | 2;
  registrationReports: number;
  /** Restarts the module once the command's OK is out. */
  restart(): void;
}

/** What a command answers before its OK, and what it starts after it. */
export interface Answer {
  lines?: string[];
  /** Runs once the OK is out (before it, on a firmware whose URCs are that early). */
  then?: () => void;
}

/** One command in its three forms (27.007): execute `AT+X`, read `AT+X?`, set `AT+X=…`. */
export interface Command {
  execute?(context: CommandContext): Answer;
  read?(context: CommandContext): Answer;
  set?(args: Arguments, context: CommandContext): Answer;
}
