/** One server-sent event; `id` is the last one that the stream named. */
export interface StreamEvent {
  id: string | undefined;
  /** undefined for a block that only moves the id on. */
  data: string | undefined;
}

/** A block that grows beyond this is no event of ours. */
const MAX_BLOCK_CHARACTERS = 1024 * 1024;

/**
 * Reads server-sent events (HTML standard, §9.2) from a response's body, cut wherever the network cut it.
 * @throws Error where a block does not end
 */
export async function* readEventStream(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        yield parseBlock(text.slice(0, end));
        text = text.slice(end + 2);
      }
      if (text.length > MAX_BLOCK_CHARACTERS) throw new Error("a server-sent event has no end");
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function parseBlock(block: string): StreamEvent {
  const fields = block.split("\n").map((line) => /^(id|data): ?(.*)$/.exec(line));
  const valuesOf = (name: string) => fields.flatMap((field) => (field?.[1] === name ? [field[2] ?? ""] : []));
  const data = valuesOf("data");
  return { id: valuesOf("id").at(-1), data: data.length > 0 ? data.join("\n") : undefined };
}
