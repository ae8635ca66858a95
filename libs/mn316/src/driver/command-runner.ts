import type { AtChannel, Clock, CommandAnswer, CommandOptions, FinalResult } from "@mn316-fleet/at";
import { ERROR_CODES } from "@mn316-fleet/manual";
import type { PublishHeader } from "../decode/publish-head";
import { CommandError } from "./errors";
import type { Session } from "./session";
import { inputAfter, inputBefore } from "./session-input";

export interface CommandRunnerOptions {
  channel: AtChannel<PublishHeader>;
  clock: Clock;
  session: Session;
  /** Bound of a command that has none of its own, in ms. */
  timeoutMs: number;
  /** Called with every answer, before anything that the module said behind it. */
  onAnswer: (command: string, answer: CommandAnswer) => void;
}

const RETRIES = 3;
const BACKOFF_MS = 300;
/** Refusals by which the module says that it did nothing: the same command may go again. */
const MAY_RETRY: ReadonlySet<number | undefined> = new Set([ERROR_CODES.busy, ERROR_CODES.dirtyInput]);

/** Runs commands on the line, and tells the session what they mean for it. */
export class CommandRunner {
  constructor(private readonly options: CommandRunnerOptions) {}

  /**
   * One command on the line, once.
   * @param goesAgain whether a result is not the last word: the session hears nothing of it
   */
  run(
    command: string,
    options: CommandOptions = {},
    goesAgain: (final: FinalResult) => boolean = () => false,
  ): Promise<CommandAnswer> {
    const { channel, session, timeoutMs, onAnswer } = this.options;
    return channel.command(command, {
      timeoutMs,
      ...options,
      onSend: () => {
        session.take(inputBefore(command));
      },
      // Also after an abort: what is on the line is done, whoever still wants to hear of it.
      onAnswer: (answer) => {
        options.onAnswer?.(answer);
        if (!goesAgain(answer.final)) session.take(inputAfter(command, answer.final));
        onAnswer(command, answer);
      },
    });
  }

  /** The same again after a pause, while the module says that it is busy or did not understand. */
  async send(command: string, options: CommandOptions = {}): Promise<CommandAnswer> {
    for (let attempt = 0; ; attempt++) {
      const goesAgain = (final: FinalResult) => attempt < RETRIES && MAY_RETRY.has(errorNumber(final));
      const answer = await this.run(command, options, goesAgain);
      if (!goesAgain(answer.final)) return answer;
      await new Promise<void>((resolve) => this.options.clock.after(BACKOFF_MS * 2 ** attempt, resolve));
    }
  }

  /** @throws CommandError where the module answers anything but OK */
  async expectOk(command: string, options: CommandOptions = {}): Promise<void> {
    const { final } = await this.send(command, options);
    if (final.code === "OK") return;
    // An error on what used to work may be the first sign of a module that lost its connection, or restarted.
    if (this.options.session.state === "connected") this.run("AT+MQTTSTAT?").catch(() => undefined);
    const name = /^AT\+?\w*/.exec(command)?.[0] ?? command; // without its arguments, which may hold a password
    throw new CommandError(name, final);
  }
}

function errorNumber(final: FinalResult): number | undefined {
  return new CommandError("", final).code;
}
