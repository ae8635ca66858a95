import { type FleetClient, pages } from "@mn316-fleet/client";
import { LookupError } from "./errors";

const ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * The id of a device that is given by its id, its whole name or its IMEI.
 * @throws LookupError where there is none, or several of that name
 */
export async function deviceId(client: FleetClient, given: string): Promise<string> {
  if (ID.test(given)) return given.toLowerCase();
  const found: string[] = [];
  for await (const { id, name, imei } of pages(client.devices.list, { q: given }))
    if (name === given || imei === given) found.push(id);
  return only("device", given, found);
}

/** The id of a profile that is given by its id or its name. @throws LookupError where there is none */
export async function profileId(client: FleetClient, given: string): Promise<string> {
  if (ID.test(given)) return given.toLowerCase();
  return only("profile", given, await profilesNamed(client, given));
}

export async function profilesNamed(client: FleetClient, given: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { id, name } of pages(client.profiles.list)) if (name === given) found.push(id);
  return found;
}

function only(what: string, given: string, found: string[]): string {
  const [id, ...others] = found;
  if (id === undefined) throw new LookupError(`there is no ${what} "${given}"`);
  if (others.length > 0) throw new LookupError(`${found.length} ${what}s are called "${given}": ${found.join(", ")}`);
  return id;
}

/** The first `count` of them. */
export async function* first<T>(
  count: number | undefined,
  items: AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  let left = count ?? Infinity;
  if (left <= 0) return;
  for await (const item of items) {
    yield item;
    if (--left <= 0) return;
  }
}
