import { type LiveEvent, liveEventSchema, type LiveQueryInput } from "@mn316-fleet/contracts";
import { ProblemResponseError } from "./errors";
import { readEventStream } from "./transport/event-stream";
import { pause } from "./transport/pause";
import type { Transport } from "./transport/transport";

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

export interface LiveOptions extends LiveQueryInput {
  signal?: AbortSignal | undefined;
  /** Goes on behind this event. */
  lastEventId?: string | undefined;
  /** Hears whether the stream is open. */
  onOpen?: ((isOpen: boolean) => void) | undefined;
  /** Hears the id of each event before the event comes: what `lastEventId` takes, to go on in another process. */
  onEventId?: ((id: string) => void) | undefined;
}

/**
 * What changes in the fleet, as it changes. A stream that breaks is opened again and goes on where it was; ends only by the
 * signal.
 * @throws ProblemResponseError where the server refuses for good (a wrong key, a wrong query)
 */
export async function* liveEvents(
  transport: Transport,
  options: LiveOptions,
): AsyncGenerator<LiveEvent, void, undefined> {
  const { signal, lastEventId, onOpen, onEventId, ...query } = options;
  let position = lastEventId;
  let waitMs = FIRST_WAIT_MS;
  while (!signal?.aborted) {
    try {
      const headers: Record<string, string> = position === undefined ? {} : { "last-event-id": position };
      const { body } = await transport.stream("live", { query, headers, signal, isRetried: false });
      if (body) onOpen?.(true);
      for await (const { id, data } of body ? readEventStream(body) : []) {
        waitMs = FIRST_WAIT_MS;
        position = id ?? position;
        const event = data === undefined ? undefined : liveEventSchema.safeParse(JSON.parse(data));
        if (id !== undefined) onEventId?.(id);
        if (event?.success) yield event.data; // a kind that is newer than this client is passed over
      }
    } catch (error) {
      if (isFinal(error)) throw error;
    }
    onOpen?.(false);
    await pause(waitMs * (0.5 + Math.random()), signal);
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof ProblemResponseError && error.status < 500 && error.status !== 429;
}
