/** Waiting commands: the higher priority first, and among equals the one that waited longest. */
export class CommandQueue<T extends { readonly priority: number }> {
  private readonly items: T[] = [];

  get isEmpty(): boolean {
    return this.items.length === 0;
  }

  add(item: T): void {
    const index = this.items.findIndex(({ priority }) => priority < item.priority);
    this.items.splice(index < 0 ? this.items.length : index, 0, item);
  }

  take(): T | undefined {
    return this.items.shift();
  }

  remove(item: T): boolean {
    const index = this.items.indexOf(item);
    if (index >= 0) this.items.splice(index, 1);
    return index >= 0;
  }

  clear(): T[] {
    return this.items.splice(0);
  }
}
