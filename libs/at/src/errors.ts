/** A serial line that cannot be opened. */
export class TransportError extends Error {
  constructor(
    readonly address: string,
    readonly reason: string,
  ) {
    super(`cannot open ${address}: ${reason}`);
    this.name = "TransportError";
  }
}

/** The line was closed, by us or by the other side; nothing more will be answered. */
export class ChannelClosedError extends Error {
  constructor(readonly reason: string) {
    super(`the serial line is closed: ${reason}`);
    this.name = "ChannelClosedError";
  }
}

/** No final result code in time. Whether the command had an effect is unknown. */
export class CommandTimeoutError extends Error {
  constructor(
    readonly command: string,
    readonly timeoutMs: number,
    readonly output: readonly string[],
  ) {
    super(`no final answer to ${command} within ${timeoutMs} ms`);
    this.name = "CommandTimeoutError";
  }
}

/** The line answers nothing, not even to a bare `AT`; the command was never sent. */
export class LineUnresponsiveError extends Error {
  constructor(readonly command: string) {
    super(`the module does not answer to AT: ${command} was not sent`);
    this.name = "LineUnresponsiveError";
  }
}
