import { ReaderOverrunError } from "./errors";

/** The line is held back at the high-water mark, but not while commands run: a reader may leave so many times as much. */
const MAX_OVERRUN = 64;

/** Buffered items for `for await`; tells when it is full, so that the line can be held back. */
export class EventStream<T> implements AsyncIterableIterator<T> {
  private readonly items: T[] = [];
  private readonly readers: ((result: IteratorResult<T>) => void)[] = [];
  private isEnded = false;
  private overrun: ReaderOverrunError | undefined;

  /**
   * @param onChange called when items come or go
   * @param onEnd called when the reader leaves or gets nothing more
   */
  constructor(
    private readonly highWaterMark: number,
    private readonly onChange: () => void,
    private readonly onEnd: () => void,
  ) {}

  get isFull(): boolean {
    return this.items.length >= this.highWaterMark;
  }

  push(item: T): void {
    const reader = this.readers.shift();
    if (reader) {
      reader({ done: false, value: item });
      return;
    }
    if (this.items.length >= this.highWaterMark * MAX_OVERRUN) {
      this.overrun = new ReaderOverrunError(this.items.length);
      this.onEnd();
      this.onChange();
      return;
    }
    this.items.push(item);
    this.onChange();
  }

  /** Nothing more comes; what is buffered may still be read. */
  end(): void {
    this.isEnded = true;
    for (const reader of this.readers.splice(0)) reader({ done: true, value: undefined });
  }

  /** @throws ReaderOverrunError behind the last item that was kept */
  next(): Promise<IteratorResult<T>> {
    const item = this.items.shift();
    if (item !== undefined) {
      this.onChange();
      return Promise.resolve({ done: false, value: item });
    }
    if (this.overrun) return Promise.reject(this.overrun);
    if (this.isEnded) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.readers.push(resolve));
  }

  return(): Promise<IteratorResult<T>> {
    this.items.length = 0;
    this.end();
    this.onEnd();
    this.onChange();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
