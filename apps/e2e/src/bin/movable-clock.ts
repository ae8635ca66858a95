/**
 * Loaded into a program by `NODE_OPTIONS=--import`: lets its wall clock jump. The number of milliseconds that a file holds is
 * added to what the system says; timers and steady clocks go on as they do when somebody sets a machine's clock.
 */
import { readFileSync } from "node:fs";
import path from "node:path";

const LOOK_EVERY_MS = 200;
const folder = process.env.CHAOS_CLOCKS;
const name = process.env.CHAOS_CLOCK ?? process.env.FLEET_NODE_ID;
const RealDate = Date;
let offsetMs = 0;

const now = () => RealDate.now() + offsetMs;

if (folder !== undefined && name !== undefined) {
  const file = path.join(folder, name);
  const look = () => {
    try {
      offsetMs = Number(readFileSync(file, "utf8"));
    } catch {
      offsetMs = 0; // no file: nobody has set this clock
    }
  };
  look();
  setInterval(look, LOOK_EVERY_MS).unref();
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: unknown[]) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, target) as object,
    apply: () => new RealDate(now()).toString(),
    get: (target, property) => (property === "now" ? now : (Reflect.get(target, property) as unknown)),
  });
}
