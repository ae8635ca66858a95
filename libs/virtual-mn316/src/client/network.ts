import type { BrokerLink } from "./broker-link";

/** Where a connection goes. */
export interface BrokerAddress {
  host: string;
  port: number;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;

/**
 * The radio network between one module and its broker, with what can go wrong in it.
 *
 * Silence is not a closed connection: bytes neither go out nor come in, and the broker's end of the socket stays open,
 * as when a module loses its cell. What was on its way arrives when the network is back, as TCP would have it.
 */
export class Network {
  private readonly links = new Set<BrokerLink>();
  private silent = false;
  /** While true, every new TCP connection is refused, and those that are open are reset. */
  private down = false;
  /** While set, a broker that answers every CONNECT with this return code (MQTT 3.1.1 §3.2.2.3). */
  refusal: number | undefined;
  /** How long each packet from the broker is under way, in ms of the module's time. */
  delayMs = 0;

  /**
   * @param standIn serves every host that is not this machine, which a real network would reach
   * @param isSealed it serves this machine as well: nothing else is ever dialled
   */
  constructor(
    private readonly standIn?: BrokerAddress,
    private readonly isSealed = false,
  ) {}

  get isSilent(): boolean {
    return this.silent;
  }

  get isDown(): boolean {
    return this.down;
  }

  /** The address that a configured one leads to in this network. */
  resolve(address: BrokerAddress): BrokerAddress {
    return this.standIn && (this.isSealed || !LOOPBACK.test(address.host)) ? this.standIn : address;
  }

  setSilent(silent: boolean): void {
    if (this.silent === silent) return;
    this.silent = silent;
    for (const link of [...this.links])
      if (silent) link.hush();
      else link.resume();
  }

  setDown(down: boolean): void {
    this.down = down;
    if (down) for (const link of [...this.links]) link.reset("ECONNRESET");
  }

  add(link: BrokerLink): void {
    this.links.add(link);
  }

  remove(link: BrokerLink): void {
    this.links.delete(link);
  }

  /** Ends every socket at once, also those that a silent network keeps half-open. */
  destroy(): void {
    for (const link of [...this.links]) link.destroy();
  }
}
