import { styleText } from "node:util";
import { type Column, fieldLines, tableLines } from "./table";

type Colour = "green" | "red" | "yellow" | "cyan" | "dim" | "bold";

export interface OutputOptions {
  json?: boolean | undefined;
  color?: boolean | undefined;
}

/** What the program says: documents and tables on standard output, everything beside them on standard error. */
export class Output {
  readonly isJson: boolean;
  /** A person looks on at the standard error: progress may be drawn there. */
  readonly isWatched: boolean;
  private readonly hasColour: boolean;

  constructor({ json = false, color = true }: OutputOptions, env: NodeJS.ProcessEnv = process.env) {
    this.isJson = json;
    this.isWatched = process.stderr.isTTY && env.TERM !== "dumb" && !json;
    this.hasColour = color && process.stdout.isTTY && !env.NO_COLOR && env.TERM !== "dumb";
  }

  /** A document: as JSON, or as `text` tells it. */
  document(value: unknown, text: () => string[] | string): void {
    if (this.isJson) this.write(JSON.stringify(value, null, 2));
    else for (const line of [text()].flat()) this.write(line);
  }

  /** A list, however long: one JSON array, or a table. */
  async list<T>(items: AsyncIterable<T> | Iterable<T>, columns: Column<T>[]): Promise<void> {
    if (!this.isJson) {
      for await (const line of tableLines(columns, items)) this.write(line);
      return;
    }
    let count = 0;
    for await (const item of items) this.write(`${count++ === 0 ? "[" : ","}${JSON.stringify(item)}`);
    this.write(count === 0 ? "[]" : "]");
  }

  /** One of a stream: a line of JSON, or of text. */
  entry(value: unknown, text: () => string): void {
    this.write(this.isJson ? JSON.stringify(value) : text());
  }

  fields(fields: [name: string, value: string][]): string[] {
    return fieldLines(fields);
  }

  /** A line for people, beside what was asked for. */
  note(text: string): void {
    if (!this.isJson) process.stderr.write(`${text}\n`);
  }

  paint(colour: Colour, text: string): string {
    return this.hasColour ? styleText(colour, text) : text;
  }

  private write(line: string): void {
    process.stdout.write(`${line}\n`);
  }
}
