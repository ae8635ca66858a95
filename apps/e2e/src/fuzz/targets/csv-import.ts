import fc from "fast-check";
import type { FuzzServer } from "../fuzz-server";
import { type FuzzTarget, tryInputs } from "../fuzz-target";
import { hostileText } from "../input/hostile-values";
import { RestCaller } from "../rest-caller";

const HEADS = [
  "name",
  "name,imei",
  "name,imei,tags,timeZone",
  "tags,name",
  "\ufeffname",
  "name;imei",
  "name,name",
  "NAME",
];
const ODD_HEADS = ["__proto__", "name,__proto__", "name,constructor", "name,toString,valueOf", '"name', "name,", ""];
const CELLS = [
  "a device",
  "=1+1",
  "@SUM(A1)",
  '"quoted"',
  '"a ""word"""',
  '"open',
  "Europe/Berlin",
  "no/zone",
  "a;b;c",
  ";;",
];
const ENDS = ["\n", "\r\n", "\r", "\n\n"];

const cell = fc.oneof(
  fc.constantFrom(...CELLS),
  fc.stringMatching(/^\d{14,16}$/),
  hostileText.map((text) => text.slice(0, 20_000)),
);
const files = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record({
        head: fc.oneof(
          { weight: 3, arbitrary: fc.constantFrom(...HEADS) },
          { weight: 1, arbitrary: fc.constantFrom(...ODD_HEADS) },
        ),
        rows: fc.array(fc.array(cell, { minLength: 1, maxLength: 5 }), { maxLength: 6 }),
        end: fc.constantFrom(...ENDS),
      })
      .map(({ head, rows, end }) => Buffer.from([head, ...rows.map((row) => row.join(","))].join(end))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      Buffer.from(`name\n"${"x".repeat(100_000)}`),
      Buffer.from("name\n" + ",".repeat(100_000)),
      Buffer.from('name\n"'.repeat(5_000)),
      Buffer.from(`name\n${"a\n".repeat(10_001)}`),
    ),
  },
);

/** Files of devices: all of a file is taken, or nothing, and then each place that is wrong is named. */
export const csvImport = (start: () => Promise<FuzzServer>): FuzzTarget => ({
  inputs: "files of devices in CSV, and what is none",
  runs: 2_000,
  async fuzz(options) {
    const server = await start();
    const caller = new RestCaller(server.url, server.world.adminKey);
    const devices = async () => {
      const { body } = await caller.ask("POST", "/api/v1/fleet/count", '{"selector":{"all":true}}');
      return (body as { devices: number }).devices;
    };
    try {
      const tried = await tryInputs(files, options, async (file) => {
        const before = await devices();
        const { status, body } = await caller.ask("POST", "/api/v1/devices/import", file, "text/csv");
        const made = status === 201 ? (body as { items: unknown[] }).items.length : 0;
        if (status !== 201 && status < 400) throw new Error(`an import is answered with ${status}`);
        const after = await devices();
        if (after !== before + made) throw new Error(`${made} devices are told, ${after - before} were made`);
        server.requireSound();
      });
      server.requireSmall();
      return tried;
    } finally {
      caller.close();
    }
  },
});
