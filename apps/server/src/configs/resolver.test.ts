import { type ConfigTemplate, configDocumentSchema } from "@mn316-fleet/contracts";
import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import fc from "fast-check";
import { DevicesModule } from "../devices/devices.module";
import { TestApp } from "../test-support/test-app";
import { ConfigsModule } from "./configs.module";
import { ConfigsStore } from "./configs.store";
import { explain } from "./overlay";
import { Resolver } from "./resolver";

interface Sample {
  profiles: { name: string; priority: number; tag: string | undefined; template: ConfigTemplate }[];
  devices: { tags: string[]; own: ConfigTemplate | undefined }[];
}

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const compact = (value: unknown): ConfigTemplate => JSON.parse(JSON.stringify(value)) as ConfigTemplate;
const part = fc
  .record({
    mqtt: optional(
      fc.record({
        host: optional(fc.constantFrom("a.example", "b.example")),
        port: optional(fc.integer({ min: 1, max: 9 })),
        clientId: optional(fc.constantFrom("c", "{device}")),
        keepAliveS: optional(fc.integer({ min: 5, max: 40 })),
        ackTimeoutS: optional(fc.integer({ min: 1, max: 30 })),
        will: optional(fc.record({ topic: optional(fc.constant("w")), message: optional(fc.constantFrom("x", "y")) })),
      }),
    ),
    subscriptions: optional(
      fc.uniqueArray(
        fc.constantFrom("s", "t", "u").map((topic) => ({ topic, qos: 0 })),
        { selector: ({ topic }) => topic },
      ),
    ),
    telemetry: optional(fc.record({ signalEveryS: optional(fc.integer({ min: 5, max: 9 })) })),
    at: optional(fc.record({ deny: optional(fc.constantFrom(["AT+CFUN"], [])) })),
  })
  .map(compact);
const tag = fc.constantFrom("red", "green", "blue");
const sample: fc.Arbitrary<Sample> = fc.record({
  profiles: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom("p", "q", "r", "s"),
      priority: fc.integer({ min: 0, max: 2 }),
      tag: optional(tag),
      template: part,
    }),
    { selector: ({ name }) => name },
  ),
  devices: fc.array(fc.record({ tags: fc.uniqueArray(tag), own: optional(part) }), { minLength: 1, maxLength: 4 }),
});

/** Every field that there is, by its path. */
const FIELDS = [
  ...["host", "port", "clientId", "keepAliveS", "ackTimeoutS", "will.topic", "will.message"].map(
    (name) => `mqtt.${name}`,
  ),
  "subscriptions",
  "telemetry.signalEveryS",
  "at.deny",
];

const valueAt = (template: unknown, path: string) =>
  path.split(".").reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], template);

/** The value of each field, from the first that has one: own settings, then profiles from the strongest to the weakest. */
function naively({ profiles }: Sample, { tags, own }: Sample["devices"][number]) {
  const strongest = profiles
    .filter((profile) => profile.tag === undefined || tags.includes(profile.tag))
    .sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1));
  const places = [...(own ? [{ name: "device", template: own }] : []), ...strongest];
  const document = {};
  const values = new Map<string, { value: unknown; from: string }>();
  for (const path of ["mqtt", "mqtt.will"])
    if (places.some(({ template }) => valueAt(template, path) !== undefined)) set(document, path, {});
  for (const path of FIELDS) {
    const place = places.find(({ template }) => valueAt(template, path) !== undefined);
    if (!place) continue;
    values.set(path, { value: valueAt(place.template, path), from: place.name });
    set(document, path, valueAt(place.template, path));
  }
  return { values, parsed: places.length === 0 ? undefined : configDocumentSchema.safeParse(document) };
}

function set(document: object, path: string, value: unknown): void {
  const keys = path.split(".");
  const last = keys.pop()!;
  const target = keys.reduce(
    (at, key) => (at[key] ??= {}) as Record<string, unknown>,
    document as Record<string, unknown>,
  );
  target[last] = value;
}

describe("a resolved configuration", () => {
  let testDatabase: TestDatabase;
  let server: TestApp;
  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    server = await TestApp.start([DevicesModule, ConfigsModule], testDatabase.url, {
      roles: new Set(["api"] as const),
    });
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await testDatabase.drop();
  });

  it("is what looking each field up by hand gives, and is explained so", async () => {
    const { pool } = server.database;
    await fc.assert(
      fc.asyncProperty(sample, async (world) => {
        await pool.query("DELETE FROM device; DELETE FROM profile");
        for (const { name, priority, tag: only, template } of world.profiles)
          await pool.query(
            "INSERT INTO profile (name, description, selector, priority, template, updated_by) VALUES ($1, '', $2, $3, $4, 't')",
            [name, only === undefined ? { all: true } : { tags: [only] }, priority, template],
          );
        const ids: string[] = [];
        for (const { tags, own } of world.devices) {
          const { rows } = await pool.query<{ id: string }>(
            "INSERT INTO device (name, tags) VALUES ('d', $1) RETURNING id",
            [tags],
          );
          ids.push(rows[0]!.id);
          if (own) await pool.query("INSERT INTO device_config (device_id, own) VALUES ($1, $2)", [rows[0]!.id, own]);
        }
        const rows = await server.app.get(ConfigsStore).findAll(pool, ids);
        const outcomes = await server.app.get(Resolver).resolve(pool, rows);
        for (const [index, id] of ids.entries()) {
          const outcome = outcomes.find(({ row }) => row.deviceId === id)!;
          const { parsed, values } = naively(world, world.devices[index]!);
          expect(outcome.desired).toEqual(parsed?.data ?? null);
          expect(outcome.problems.length > 0).toBe(parsed?.success === false);
          expect(outcome.isChanged).toBe(parsed?.success === true);
          for (const { path, value, from } of explain(outcome.desired ?? {}, outcome.layers))
            expect([path, value, from.kind === "profile" ? from.name : from.kind]).toEqual([
              path,
              values.get(path)?.value ?? value,
              values.get(path)?.from ?? "default",
            ]);
        }
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
