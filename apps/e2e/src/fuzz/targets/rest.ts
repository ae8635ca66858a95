import fc from "fast-check";
import { randomUUID } from "node:crypto";
import type { FuzzServer } from "../fuzz-server";
import { type FuzzTarget, tryInputs } from "../fuzz-target";
import { escaped, HOSTILE_TEXTS, hostileValue, writtenAsJson } from "../input/hostile-values";
import { valuesOf } from "../input/json-schema";
import { nearly } from "../input/mutated";
import { queriesOf } from "../input/queries";
import { makeThings, type Operation, operationsOf } from "../operations";
import { RestCaller } from "../rest-caller";

interface Request {
  method: string;
  path: string;
  body?: string | Buffer | undefined;
  type: string;
}

const GARBAGE: fc.Arbitrary<string | Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ unit: "binary", maxLength: 100 }),
  fc.constantFrom(
    "[".repeat(100_000),
    '{"a":'.repeat(100_000),
    "[".repeat(50_000) + "]".repeat(50_000),
    "{",
    "nul",
    "1e999",
  ),
);
const wrongPart = fc.oneof(
  fc.constantFrom(...HOSTILE_TEXTS.filter((text) => text.length < 1_000)).map((text) => escaped(text)),
  fc.constantFrom(randomUUID(), "%zz", "%ff", "%2f", "..%2f..", "%00", "0", "-1", "1e3"),
);

/** Bodies of every route of the OpenAPI document: each request is done, or refused by a problem document that names the field. */
export const restBodies = (start: () => Promise<FuzzServer>): FuzzTarget =>
  restTarget(start, "requests to every route with a body, most of them nearly right", 4_000, (operation, ids) =>
    operation.bodies.length === 0
      ? undefined
      : fc.oneof(
          ...operation.bodies.flatMap(([type, schema]) => [
            { weight: 6, arbitrary: asked(operation, ids, nearly(valuesOf(schema)).map(writtenAsJson), type) },
            { weight: 1, arbitrary: asked(operation, ids, hostileValue.map(writtenAsJson), type) },
            { weight: 1, arbitrary: asked(operation, ids, GARBAGE, type) },
          ]),
        ),
  );

/** Addresses and query strings, cursors among them, of every route that only reads. */
export const restQueries = (start: () => Promise<FuzzServer>): FuzzTarget =>
  restTarget(start, "addresses, query strings and cursors of every route that reads", 4_000, (operation, ids) =>
    operation.method === "GET" ? asked(operation, ids, fc.constant(undefined), "") : undefined,
  );

/** Selectors, wherever one is taken. */
export const selectors = (start: () => Promise<FuzzServer>): FuzzTarget =>
  restTarget(start, "selectors of devices, most of them nearly right", 2_000, (operation, ids) => {
    if (operation.path !== "/api/v1/fleet/count") return undefined;
    const [[type, schema] = ["", {}]] = operation.bodies;
    return asked(operation, ids, nearly(valuesOf(schema)).map(writtenAsJson), type);
  });

function restTarget(
  start: () => Promise<FuzzServer>,
  inputs: string,
  runs: number,
  requestsOf: (operation: Operation, ids: Record<string, string>) => fc.Arbitrary<Request> | undefined,
): FuzzTarget {
  return {
    inputs,
    runs,
    async fuzz(options) {
      const server = await start();
      const caller = new RestCaller(server.url, server.world.adminKey);
      try {
        const ids = await makeThings(caller);
        const requests = (await operationsOf(caller)).flatMap((operation) => requestsOf(operation, ids) ?? []);
        const tried = await tryInputs(fc.oneof(...requests), options, async ({ method, path, body, type }) => {
          await caller.ask(method, path, body, type);
          server.requireSound();
        });
        const { status } = await caller.ask("GET", "/health/ready");
        if (status !== 200) throw new Error(`the server is not well afterwards: ${status}`);
        server.requireSound();
        server.requireSmall();
        return tried;
      } finally {
        caller.close();
      }
    },
  };
}

function asked(
  { method, path, parameters }: Operation,
  ids: Record<string, string>,
  bodies: fc.Arbitrary<string | Buffer | undefined>,
  type: string,
): fc.Arbitrary<Request> {
  const known = ids[path.split("/")[3] ?? ""] ?? ids.devices ?? "";
  const part = (name: string) =>
    fc.oneof(
      { weight: 6, arbitrary: fc.constant(name === "version" ? "1" : name === "name" ? "state-hour" : known) },
      { weight: 1, arbitrary: wrongPart },
    );
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
  // A query that is wrong hides what is wrong with a body.
  const queries =
    method === "GET"
      ? queriesOf(parameters)
      : fc.oneof({ weight: 9, arbitrary: fc.constant("") }, { weight: 1, arbitrary: queriesOf(parameters) });
  return fc.tuple(fc.tuple(...names.map(part)), queries, bodies).map(([parts, query, body]) => ({
    method,
    path: names.reduce((text, name, index) => text.replace(`{${name}}`, parts[index] ?? ""), path) + query,
    body,
    type,
  }));
}
