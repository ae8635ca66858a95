/** Buffered items for `for await`; tells when it is full, so that the line can be held back. */
export class EventStream<T> implements AsyncIterableIterator<T> {
  private readonly items: T[] = [];
  private readonly readers: ((result: IteratorResult<T>) => void)[] = [];
  private isEnded = false;

  /**
   * @param onChange called when items come or go
   * @param onEnd called once, when the reader leaves
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
    this.items.push(item);
    this.onChange();
  }

  /** Nothing more comes; what is buffered may still be read. */
  end(): void {
    this.isEnded = true;
    for (const reader of this.readers.splice(0)) reader({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<T>> {
    const item = this.items.shift();
    if (item !== undefined) {
      this.onChange();
      return Promise.resolve({ done: false, value: item });
    }
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
