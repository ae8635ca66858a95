import type { Socket } from "node:net";
import type { ClientBase } from "pg";

/**
 * For how long PostgreSQL may say nothing while it is asked something, in ms. The longest statements take seconds; without a
 * limit one whose answer is lost would be waited for until TCP gives up, a quarter of an hour or more.
 */
export const SILENCE_MS = 60_000;

/** Of a connection that waits for nothing: within twenty seconds or so the system finds out that its other end is gone. */
export const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 } as const;

/**
 * Columns that make PostgreSQL let go of what a lost connection holds before anybody's patience with its locks is at an end,
 * and look after itself whether a connection that says nothing is still there.
 */
export const HOLD_NOTHING_FOR_THE_LOST = `set_config('idle_in_transaction_session_timeout', '30s', false),
  set_config('tcp_keepalives_idle', '30', false), set_config('tcp_keepalives_interval', '10', false)`;

/**
 * Ends a connection on which neither side says anything for so long, with all that waits for it. To everybody that is as if
 * PostgreSQL were away, so that what can be tried again is.
 */
export function endWhenSilent(client: ClientBase, silenceMs: number): void {
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  stream.setTimeout(silenceMs, () => {
    stream.destroy(new Error(`Connection terminated: PostgreSQL said nothing for ${silenceMs / 1_000} s`));
  });
}
