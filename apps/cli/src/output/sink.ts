import { createWriteStream, renameSync, rmSync } from "node:fs";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";

/**
 * Lets bytes run to standard output, or to a file that is there only once all of them are.
 * @param file undefined or `-` for standard output
 * @throws whatever the source throws; the file is as it was then
 */
export async function runInto(file: string | undefined, source: AsyncIterable<string | Uint8Array>): Promise<void> {
  if (file === undefined || file === "-") {
    // Not piped into: standard output must stay open, and never ends by itself.
    await pipeline(
      source,
      new Writable({
        write: (chunk: Uint8Array, _encoding, done) => {
          process.stdout.write(chunk, done);
        },
      }),
    );
    return;
  }
  const part = `${file}.${process.pid}.part`;
  try {
    await pipeline(source, createWriteStream(part));
    renameSync(part, file);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

/** The bytes of an answer. */
export function bytesOf(response: Response): AsyncIterable<Uint8Array> {
  return response.body ? Readable.fromWeb(response.body as ReadableStream<Uint8Array>) : Readable.from([]);
}
