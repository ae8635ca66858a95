import { SerialPort } from "serialport";

/**
 * A serial port that `destroy()` really closes. The library's own leaves the device open then, and its lock keeps
 * everybody out, the next `open` of this very process included.
 */
export class ClosingSerialPort extends SerialPort {
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.isOpen || this.closing) {
      done(error);
      return;
    }
    this.close((closeError) => {
      done(error ?? closeError);
    });
  }
}
