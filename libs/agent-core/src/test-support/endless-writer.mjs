/**
 * Appends events to an outbox without end, telling each number that is on disk on standard output, until it is killed.
 * Started by the outbox test, with the built library's path and a data folder.
 */
const [library = "", dataDir] = process.argv.slice(2);
const { openOutbox } = await import(library);
const outbox = await openOutbox(dataDir);
process.stdout.write(`epoch ${outbox.epoch} next ${outbox.nextSeq}\n`);
for (;;) {
  const burst = Array.from({ length: 1 + Math.floor(Math.random() * 50) }, async () => {
    const seq = outbox.nextSeq;
    await outbox.append({ kind: "ping", at: Date.now() });
    return seq;
  });
  const numbers = await Promise.all(burst);
  process.stdout.write(`${numbers.join(" ")}\n`);
  if (Math.random() < 0.2) await outbox.ack(numbers[0] - 10);
}
