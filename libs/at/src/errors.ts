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

/** What a command is called where others read it: without its arguments, which may hold a password. */
function nameOf(command: string): string {
  return /^AT[+^*&]?\w*\??/i.exec(command)?.[0] ?? "the command";
}

/** No final result code in time. Whether the command had an effect is unknown. */
export class CommandTimeoutError extends Error {
  /** Without its arguments, which may hold a password. */
  readonly command: string;

  /** @param output the lines that came before the time was up */
  constructor(
    command: string,
    readonly timeoutMs: number,
    readonly output: readonly string[],
  ) {
    super(`no final answer to ${nameOf(command)} within ${timeoutMs} ms`);
    this.name = "CommandTimeoutError";
    this.command = nameOf(command);
  }
}

/** The line answers nothing, not even to a bare `AT`; the command was never sent. */
export class LineUnresponsiveError extends Error {
  /** Without its arguments, which may hold a password. */
  readonly command: string;

  constructor(command: string) {
    super(`the module does not answer to AT: ${nameOf(command)} was not sent`);
    this.name = "LineUnresponsiveError";
    this.command = nameOf(command);
  }
}
