import { conflict } from "./problem.error";

const UNIQUE_VIOLATION = "23505";

/** Whether a write failed because PostgreSQL found taken what may be there once only. */
export function isTaken(error: unknown): boolean {
  return (error as { code?: unknown }).code === UNIQUE_VIOLATION;
}

/**
 * Runs a write of something whose name is its own.
 * @param what it is, such as `profile`
 * @param detail the refusal as a sentence
 * @throws 409 naming `name` where another one has it
 */
export async function uniqueName<T>(
  what: string,
  write: () => Promise<T>,
  detail = `Another ${what} has this name.`,
): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isTaken(error)) throw error;
    throw conflict(detail, [{ path: "name", rule: "unique", message: `another ${what} has this name` }]);
  }
}
