import { conflict } from "./problem.error";

const UNIQUE_VIOLATION = "23505";

/**
 * Runs a write of something whose name is its own.
 * @param what it is, such as `profile`
 * @throws 409 naming `name` where another one has it
 */
export async function uniqueName<T>(what: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION) throw error;
    const message = `another ${what} has this name`;
    throw conflict(`A${message.slice(1)}.`, [{ path: "name", rule: "unique", message }]);
  }
}
