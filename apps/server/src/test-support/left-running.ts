type Stop = () => Promise<unknown>;

/** How to end what tests and benchmarks have started, the last first. */
const running: Stop[] = [];

/** Notes what must not be left running. @returns takes the note back, when it has ended */
export function noteRunning(stop: Stop): () => void {
  running.push(stop);
  return () => {
    const index = running.lastIndexOf(stop);
    if (index >= 0) running.splice(index, 1);
  };
}

/** Ends all that still runs, whatever of it fails. */
export async function stopAllRunning(): Promise<void> {
  for (let stop = running.pop(); stop; stop = running.pop())
    try {
      await stop();
    } catch {
      // the others all the more
    }
}
