import type { Settings } from "../settings/settings";
import { SettingsError } from "../settings/settings-error";
import { isDatabaseAway } from "./database-away";

/** A service that the settings name does not answer, or refuses us. */
export class ServiceAwayError extends Error {
  /** @param address host and port, never credentials */
  constructor(service: string, variable: string, address: string, reason: string) {
    super(`${service} at ${address} (${variable}) ${reason}`);
  }
}

/**
 * Says in one line, for the person who started the server, why it did not start and what to change.
 * @param settings undefined where they could not be read
 */
export function explainStartFailure(error: unknown, settings: Settings | undefined): string {
  return inOneLine(messageOf(error, settings));
}

function messageOf(error: unknown, settings: Settings | undefined): string {
  if (error instanceof SettingsError || error instanceof ServiceAwayError) return error.message;
  const { code } = error as { code?: unknown };
  const reason = reasonOf(error);
  if (code === "EADDRINUSE") return `PORT ${settings?.port} is taken by another program: set PORT to a free one`;
  if (code === "EACCES") return `PORT ${settings?.port} may not be opened by this user: set PORT to one above 1023`;
  if (settings?.databaseUrl !== undefined) {
    const { host } = new URL(settings.databaseUrl);
    if (isDatabaseAway(error)) return `PostgreSQL at ${host} (DATABASE_URL) cannot be reached: ${reason}`;
    if (typeof code === "string" && REFUSALS.test(code))
      return `PostgreSQL at ${host} (DATABASE_URL) refuses the connection: ${reason}`;
  }
  return `The server did not start: ${reason}`;
}

/** PostgreSQL's classes 28 (authorization) and 3D (no such database), and missing privileges. */
const REFUSALS = /^(28\w{3}|3D\w{3}|42501)$/;

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  if (error.message !== "") return error.message;
  return error.cause instanceof Error ? reasonOf(error.cause) : error.name;
}

const inOneLine = (text: string) => text.replaceAll(/\s*\n\s*/g, " ").trim();
