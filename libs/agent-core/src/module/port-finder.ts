import { openTransport } from "@mn316-fleet/at";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import { SerialPort } from "serialport";

/** What tells one USB serial device from another, whatever name the system gives it today. */
export interface PortIdentity {
  vendorId?: string | undefined;
  productId?: string | undefined;
  serialNumber?: string | undefined;
}

export interface ListedPort extends PortIdentity {
  path: string;
}

export interface PortFinderOptions {
  /** The port of the settings: a serial port's path, or `tcp://host:port`. */
  port: string;
  baudRate: number;
  /** Keeps what is known of the device over a restart. */
  remember: (identity: PortIdentity) => Promise<void>;
  /** What was known of it when it was last open. */
  known: PortIdentity | undefined;
  log: Logger;
  /** The system's serial ports; for tests. */
  list?: () => Promise<ListedPort[]>;
  /** Opens a port; for tests. */
  open?: (port: string) => Promise<Duplex>;
}

/**
 * Opens the port of the settings. A USB adapter that was plugged in again may come back under another name: where the
 * configured path is gone, the port with the same USB serial number is taken for it, if there is exactly one.
 * `/dev/serial/by-id/…` as the setting needs none of this, since the system keeps that name.
 */
export class PortFinder {
  private identity: PortIdentity | undefined;

  constructor(private readonly options: PortFinderOptions) {
    this.identity = options.known;
  }

  async open(): Promise<Duplex> {
    const { port, log } = this.options;
    try {
      const stream = await this.openPath(port);
      await this.learn(port);
      return stream;
    } catch (error) {
      const elsewhere = await this.find();
      if (elsewhere === undefined) throw error;
      log.warn({ port, elsewhere }, "the configured port is gone: the same device is found under another name");
      return this.openPath(elsewhere);
    }
  }

  private openPath(path: string): Promise<Duplex> {
    const { baudRate, open = (port: string) => openTransport(port, { baudRate }) } = this.options;
    return open(path);
  }

  /** A device without a serial number cannot be told from its like, so nothing is remembered of it. */
  private async learn(port: string): Promise<void> {
    const found = (await this.ports()).find(({ path }) => path === port);
    if (!found?.serialNumber || isSame(found, this.identity)) return;
    const { vendorId, productId, serialNumber } = found;
    this.identity = { vendorId, productId, serialNumber };
    await this.options.remember(this.identity).catch((error: unknown) => {
      this.options.log.warn({ err: error }, "the serial device is not remembered over a restart");
    });
  }

  private async find(): Promise<string | undefined> {
    if (!this.identity) return undefined;
    const ports = await this.ports();
    if (ports.some(({ path }) => path === this.options.port)) return undefined; // it is there, and something else is wrong
    const same = ports.filter((port) => isSame(port, this.identity));
    return same.length === 1 ? same[0]?.path : undefined;
  }

  private async ports(): Promise<ListedPort[]> {
    const { port, list = () => SerialPort.list() } = this.options;
    if (port.includes("://")) return [];
    // Where the system cannot list them (no udev in a container) the configured name is all there is.
    return list().catch(() => []);
  }
}

function isSame(port: PortIdentity, identity: PortIdentity | undefined): boolean {
  if (!identity?.serialNumber) return false;
  const fields = ["serialNumber", "vendorId", "productId"] as const;
  return fields.every((field) => port[field] === identity[field]);
}
