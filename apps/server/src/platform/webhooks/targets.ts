import { lookup as systemLookUp, type LookupAddress, type LookupAllOptions, type LookupOptions } from "node:dns";
import { BlockList, isIP } from "node:net";

/** What the world reaches nobody by, or only this machine and its neighbours (IANA's special-purpose registries). */
const SPECIAL = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"],
  ...["192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
  ...["224.0.0.0/4", "240.0.0.0/4"],
  ...["100::/64", "2001:db8::/32", "3fff::/20", "5f00::/16"],
  ...["fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"],
  // These hold an IPv4 address, which would be reached behind it; the first holds `::` and `::1`, the last what is for protocols.
  ...["::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/23"],
];

/** A webhook's address leads to where webhooks may not go. */
export class ForbiddenTargetError extends Error {
  constructor(host: string) {
    super(`${host} is no public address, and no network of FLEET_WEBHOOK_NETWORKS holds it`);
    this.name = "ForbiddenTargetError";
  }
}

/** `dns.lookup`, asked for all addresses. */
export type LookUp = (
  host: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;
type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** Which addresses webhooks may go to: public ones, and those of networks that were named. */
export class Targets {
  private readonly special = blockList(SPECIAL);
  private readonly named: BlockList;

  /**
   * @param networks as `10.1.0.0/16` or `fd00::/8`
   * @param lookUp asks for all addresses of a name
   */
  constructor(
    networks: readonly string[],
    private readonly lookUp: LookUp = systemLookUp,
  ) {
    this.named = blockList(networks);
  }

  /** @param address an IP address */
  isAllowed(address: string): boolean {
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    return this.named.check(address, family) || !this.special.check(address, family);
  }

  /**
   * Looks a name up for a connection, so that what is checked is what is connected to: a name that changes its mind between
   * a check and the connection gains nothing.
   */
  readonly lookup = (host: string, options: LookupOptions, callback: LookupCallback): void => {
    this.lookUp(host, { ...options, all: true }, (error, found) => {
      if (error) {
        callback(error, []);
        return;
      }
      const allowed = found.filter(({ address }) => this.isAllowed(address));
      const [first] = allowed;
      if (!first) callback(new ForbiddenTargetError(host), []);
      else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

/** Whether a text is a network as `Targets` takes it. */
export function isNetwork(text: string): boolean {
  const [address = "", prefix = "", ...rest] = text.split("/");
  const family = isIP(address);
  return rest.length === 0 && family !== 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 6 ? 128 : 32);
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", prefix] = network.split("/");
    list.addSubnet(address, Number(prefix), isIP(address) === 6 ? "ipv6" : "ipv4");
  }
  return list;
}
