/** An execution was ended on request, before it began or between two of its commands. */
export class CanceledError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CanceledError";
  }
}
