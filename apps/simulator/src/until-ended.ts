/**
 * Resolves when the program is asked to end: by a signal, or, where it was started by another program, when that one is
 * gone (its IPC channel, or the standard input that it holds open).
 */
export function untilEnded({ exitWithStdin }: { exitWithStdin: boolean }): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      resolve();
    };
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, end);
    process.on("disconnect", end);
    if (!exitWithStdin) return;
    process.stdin.on("end", end).on("error", end);
    process.stdin.resume();
  });
}
