import type { Clock } from "@mn316-fleet/at";
import type { Logger } from "pino";
import type { Network } from "../link/network";
import { backoffMs, pause } from "../time";
import { enrol, EnrolmentError } from "./enrol";
import type { Tokens } from "./tokens";

export interface EnrolmentOptions {
  server: URL;
  key: string;
  /** How the device is to be called; its IMEI unless given. */
  name?: string | undefined;
  network: Network;
  tokens: Tokens;
  /** As the module says; undefined until it answers. */
  imei: () => string | undefined;
  clock: Clock;
  random: () => number;
  log: Logger;
}

const IMEI_POLL_MS = 500;
const RETRY_DELAY = { minMs: 2_000, maxMs: 300_000 };
/** A refusal ends only by what a person does on the server. */
const REFUSED_DELAY = { minMs: 60_000, maxMs: 900_000 };

/**
 * Obtains this device's own token, once: the IMEI comes from the module, the token goes to disk before it is used.
 * @returns false when the signal ended it before
 */
export async function obtainToken(options: EnrolmentOptions, signal: AbortSignal): Promise<boolean> {
  const { server, key, name, network, tokens, clock, random, log } = options;
  for (let attempt = 0; !signal.aborted;) {
    const imei = options.imei();
    if (imei === undefined) {
      await pause(clock, IMEI_POLL_MS, signal);
      continue;
    }
    try {
      const { deviceId, token } = await enrol(server, { key, imei, name }, network);
      await tokens.keep(token);
      log.info({ deviceId, imei }, "enrolled: the device has its own token now");
      return true;
    } catch (error) {
      const isRefused = error instanceof EnrolmentError && !error.isPassing;
      const delayMs = Math.round(backoffMs(attempt++, isRefused ? REFUSED_DELAY : RETRY_DELAY, random));
      log.error({ imei, reason: (error as Error).message, againInMs: delayMs }, "not enrolled");
      await pause(clock, delayMs, signal);
    }
  }
  return false;
}
