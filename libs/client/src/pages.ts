import type { Page } from "@mn316-fleet/contracts";
import type { Call } from "./operations/call";

/** The most that a list gives at once. */
const LARGEST_PAGE = 500;

/**
 * All items of a list, page by page, each page asked for when it is needed.
 * @example for await (const device of pages(client.devices.list, { tag: "north" })) …
 */
export async function* pages<T, Q>(
  list: (query?: Q, call?: Call) => Promise<Page<T>>,
  query?: NoInfer<Q>,
  call: Call = {},
): AsyncGenerator<T, void, undefined> {
  let cursor: string | undefined;
  do {
    // Every list takes these two beside what is its own.
    const page = await list({ limit: LARGEST_PAGE, ...query, ...(cursor !== undefined && { cursor }) } as Q, call);
    yield* page.items;
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
}

/**
 * The same for a list of something.
 * @example for await (const event of pagesOf(client.devices.events, id, { kind: "timeout" })) …
 */
export function pagesOf<T, Q>(
  list: (id: string, query?: Q, call?: Call) => Promise<Page<T>>,
  id: string,
  query?: NoInfer<Q>,
  call?: Call,
): AsyncGenerator<T, void, undefined> {
  return pages<T, Q>((page, how) => list(id, page, how), query, call);
}
