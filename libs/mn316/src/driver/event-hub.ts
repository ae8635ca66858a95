import { EventStream } from "./event-stream";
import type { Message, Mn316Event, Mn316Events } from "./options";

export interface EventHubOptions {
  /** Hands an event to those who listen by name. */
  emit: <Kind extends keyof Mn316Events>(kind: Kind, ...data: Mn316Events[Kind]) => void;
  /** Items that one reader may leave unread. */
  highWaterMark: number;
  /** Called when a reader may have become full, or be full no longer. */
  onChange: () => void;
}

/** Gives every event to those who listen and to those who read at their own pace. */
export class EventHub {
  private readonly readers = new Map<{ isFull: boolean; end: () => void }, (event: Mn316Event) => void>();
  private isEnded = false;

  constructor(private readonly options: EventHubOptions) {}

  /** A reader has left so much unread that the line should be held back. */
  get isFull(): boolean {
    for (const reader of this.readers.keys()) if (reader.isFull) return true;
    return false;
  }

  tell<Kind extends keyof Mn316Events>(kind: Kind, ...data: Mn316Events[Kind]): void {
    if (this.readers.size > 0) {
      const event = { kind, ...(data[0] as object | undefined) } as Mn316Event;
      for (const push of this.readers.values()) push(event);
    }
    this.options.emit(kind, ...data);
  }

  /** Nothing more comes. */
  end(): void {
    this.isEnded = true;
    for (const reader of this.readers.keys()) reader.end();
  }

  events(): AsyncIterableIterator<Mn316Event> {
    return this.reader<Mn316Event>((event, push) => {
      push(event);
    });
  }

  messages(): AsyncIterableIterator<Message> {
    return this.reader<Message>((event, push) => {
      if (event.kind !== "message") return;
      const { topic, qos, retained, dup, packId, payload } = event;
      push({ topic, qos, retained, dup, packId, payload });
    });
  }

  private reader<T>(take: (event: Mn316Event, push: (item: T) => void) => void): EventStream<T> {
    const { highWaterMark, onChange } = this.options;
    const stream: EventStream<T> = new EventStream<T>(highWaterMark, onChange, () => this.readers.delete(stream));
    this.readers.set(stream, (event) => {
      take(event, (item) => {
        stream.push(item);
      });
    });
    if (this.isEnded) stream.end();
    return stream;
  }
}
