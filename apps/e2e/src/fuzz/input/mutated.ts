import fc from "fast-check";
import { hostileText, hostileValue } from "./hostile-values";

/** A place in a value and what becomes of it. */
interface Mutation {
  /** Which of all places, counted through. */
  place: number;
  kind: "replace" | "remove" | "add" | "wrap" | "repeat";
  name: string;
  value: unknown;
}

type Container = Record<string, unknown> | unknown[];
interface Place {
  container: Container;
  key: string | number;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  place: fc.nat(200),
  kind: fc.constantFrom("replace", "replace", "replace", "remove", "add", "wrap", "repeat"),
  name: hostileText,
  value: hostileValue,
});

/** Values that are nearly right: up to three places of them are not. */
export function nearly(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc
    .tuple(values, fc.array(mutation, { maxLength: 3 }))
    .map(([value, mutations]) => mutations.reduce(mutate, structuredClone(value)));
}

function mutate(value: unknown, { place: index, kind, name, value: hostile }: Mutation): unknown {
  const root = { value };
  const places = placesIn(root);
  const place = places[index % places.length];
  if (!place) return value;
  const container = place.container as Record<string | number, unknown>;
  const inner = container[place.key];
  if (kind === "replace") container[place.key] = hostile;
  else if (kind === "wrap") container[place.key] = [inner];
  else if (kind === "repeat") container[place.key] = Array.from({ length: 30 }, () => inner);
  else if (kind === "add" && isContainer(inner) && !Array.isArray(inner)) define(inner, name, hostile);
  else if (kind === "remove" && place.container !== root) {
    if (Array.isArray(place.container)) place.container.splice(Number(place.key), 1);
    else Reflect.deleteProperty(place.container, place.key);
  }
  return root.value;
}

/** `__proto__` as a field like any other, as `JSON.parse` makes it. */
function define(container: object, name: string, value: unknown): void {
  Object.defineProperty(container, name, { value, enumerable: true, configurable: true, writable: true });
}

const isContainer = (value: unknown): value is Container => typeof value === "object" && value !== null;

function placesIn(container: Container, depth = 0): Place[] {
  if (depth > 20) return [];
  return Object.keys(container)
    .slice(0, 50)
    .flatMap((key) => {
      const inner = (container as Record<string, unknown>)[key];
      return [{ container, key }, ...(isContainer(inner) ? placesIn(inner, depth + 1) : [])];
    });
}
