import { readFileSync, renameSync, writeFileSync } from "node:fs";

/** Each event written at once would be most of the work; after a crash the events of this time come again. */
const EVERY_MS = 1_000;

/** The place in the stream of events, on disk. */
export class ResumeFile {
  private kept: string | undefined;
  private isWritten = true;
  private writtenMs = 0;

  constructor(private readonly file: string) {}

  /** @returns undefined where there is no file yet */
  read(): string | undefined {
    try {
      return readFileSync(this.file, "utf8").trim() || undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Keeps the place behind an event that was told. */
  keep(id: string): void {
    this.kept = id;
    this.isWritten = false;
    if (performance.now() - this.writtenMs >= EVERY_MS) this.write();
  }

  close(): void {
    if (!this.isWritten) this.write();
  }

  private write(): void {
    if (this.kept === undefined) return;
    const next = `${this.file}.${process.pid}`;
    writeFileSync(next, `${this.kept}\n`);
    renameSync(next, this.file);
    this.isWritten = true;
    this.writtenMs = performance.now();
  }
}
