import { readFile } from "node:fs/promises";
import { parse, YAMLParseError } from "yaml";
import { UsageError } from "./errors";
import { assignment } from "./options";

/** A text from a file, or for `-` from standard input. */
export async function readText(file: string): Promise<string> {
  if (file !== "-") return readFile(file, "utf8");
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * A document in JSON or YAML, which holds JSON, from a file or for `-` from standard input.
 * @throws UsageError where it is neither, or no object
 */
export async function readDocument(file: string): Promise<Record<string, unknown>> {
  const text = await readText(file);
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    if (error instanceof YAMLParseError) throw new UsageError(`${file}: ${error.message.split("\n")[0] ?? ""}`);
    throw error;
  }
  if (typeof document === "object" && document !== null && !Array.isArray(document))
    return document as Record<string, unknown>;
  throw new UsageError(`${file}: must hold one JSON or YAML object`);
}

/** Never part of a path, because assigning to them would reach beyond the document. */
const UNSAFE = new Set(["__proto__", "constructor", "prototype"]);

/**
 * A document of `mqtt.keepAliveS=120`: each value is JSON where it is such, else a text.
 * @throws UsageError for a path that is none, or that runs into a value
 */
export function documentOf(assignments: string[]): Record<string, unknown> {
  const document: Record<string, unknown> = {};
  for (const text of assignments) {
    const [path, value] = assignment(text);
    const names = path.split(".");
    if (names.some((name) => name === "" || UNSAFE.has(name)))
      throw new UsageError(`"${path}" is no path of a document`);
    const last = names.pop() ?? "";
    let place = document;
    for (const name of names) {
      const next = (place[name] ??= {});
      if (typeof next !== "object" || Array.isArray(next)) throw new UsageError(`"${path}" runs into a value`);
      place = next as Record<string, unknown>;
    }
    place[last] = readValue(value);
  }
  return document;
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
