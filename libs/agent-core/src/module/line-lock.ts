/** One task at a time on the serial line, in the order they came: configuration, executions and telemetry never mix. */
export class LineLock {
  private tail: Promise<unknown> = Promise.resolve();

  /** Runs a task when all before it have ended, however they ended. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.tail.then(task);
    this.tail = result.catch(() => undefined);
    return result;
  }
}
