import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { TransportError } from "../errors";
import { ClosingSerialPort } from "./closing-serial-port";

export interface TransportOptions {
  /** Bits per second of a serial port; 115200 unless given. */
  baudRate?: number;
  /** How long a TCP connect may take, in ms; 10 s unless given. */
  connectTimeoutMs?: number;
}

const TCP = /^tcp:\/\/(\[[^\]]+\]|[^:/]+):(\d{1,5})$/;

/**
 * Opens a serial line, 8N1.
 * @param address a serial port (`/dev/ttyUSB0`, `COM3`) or a serial server (`tcp://host:port`)
 * @throws TransportError when it cannot be opened
 */
export function openTransport(address: string, options: TransportOptions = {}): Promise<Duplex> {
  const tcp = TCP.exec(address);
  if (tcp?.[1] && tcp[2]) return openTcp(address, tcp[1], Number(tcp[2]), options);
  if (address.includes("://"))
    return Promise.reject(new TransportError(address, "expected a serial port's path or tcp://host:port"));
  return openSerial(address, options);
}

function openSerial(path: string, { baudRate = 115_200 }: TransportOptions): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const port = new ClosingSerialPort({ path, baudRate, autoOpen: false });
    port.open((error) => {
      if (error) reject(new TransportError(path, reasonOf(error, path)));
      else resolve(port);
    });
  });
}

/** The binding says the path, too, and that it is an error. */
function reasonOf({ message }: Error, path: string): string {
  return message.replace(/^Error:? /, "").replace(`, cannot open ${path}`, "");
}

function openTcp(
  address: string,
  host: string,
  port: number,
  { connectTimeoutMs = 10_000 }: TransportOptions,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: host.replace(/^\[|\]$/g, ""), port, noDelay: true, keepAlive: true });
    const fail = (reason: string) => {
      socket.destroy();
      reject(new TransportError(address, reason));
    };
    socket.setTimeout(connectTimeoutMs, () => {
      fail(`no answer within ${connectTimeoutMs} ms`);
    });
    socket.once("error", (error) => {
      fail(error.message);
    });
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.removeAllListeners("error").removeAllListeners("timeout");
      resolve(socket);
    });
  });
}
