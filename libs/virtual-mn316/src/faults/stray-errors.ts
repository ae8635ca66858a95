import type { Fault } from "./fault";

const ONE_IN = 3;
/** What the MQTT task prints by itself. */
const CODES = [609, 615, 619];

export const strayErrors: Fault = {
  about: "an unsolicited +CME ERROR (609, 615, 619) ahead of one answer or URC in three",
  start: ({ random }) => ({
    onOutput: (bytes) => {
      if (!bytes.toString("latin1").startsWith("\r\n") || random() * ONE_IN >= 1) return bytes;
      const code = CODES[Math.floor(random() * CODES.length)] ?? 615;
      return Buffer.concat([Buffer.from(`\r\n+CME ERROR: ${code}\r\n`), bytes]);
    },
  }),
};
