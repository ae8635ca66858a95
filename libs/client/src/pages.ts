import type { Page } from "@mn316-fleet/contracts";

/** The most that a list gives at once. */
const LARGEST_PAGE = 500;

/**
 * All items of a list, page by page, each page asked for when it is needed.
 * @param list a list of the client, bound to whatever it needs beside the query
 * @example for await (const device of pages(client.devices.list, { tag: "north" })) …
 */
export async function* pages<T, Q extends { cursor?: string | undefined; limit?: number | undefined }>(
  list: (query: Q, call?: { signal?: AbortSignal | undefined }) => Promise<Page<T>>,
  query: NoInfer<Q> = {} as Q,
  call: { signal?: AbortSignal | undefined } = {},
): AsyncGenerator<T, void, undefined> {
  let cursor = query.cursor;
  do {
    const page: Page<T> = await list({ limit: LARGEST_PAGE, ...query, cursor }, call);
    yield* page.items;
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
}
