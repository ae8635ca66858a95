import { Inject, Injectable, type OnApplicationShutdown } from "@nestjs/common";
import type { Logger } from "pino";
import { asSystem, HOST_FLEET } from "../platform/database/fleet-scope";
import { LOGGER } from "../platform/logging/nest-logger";
import type { Deed, Outcome } from "./audit-record";
import { AuditTrail } from "./audit-trail";

const WINDOW_MS = 60_000;
/** Entries that one node writes in a window of what was refused before anybody was known to ask for it. */
const MAX_IN_WINDOW = 120;
/** Of these, how many for one address. */
const MAX_OF_ADDRESS = 20;

/**
 * Notes what was refused at the door. Anybody can knock as often as they like, so what one address and all together have noted
 * is bounded; what comes beyond it is counted, and the count noted.
 */
@Injectable()
export class Denials implements OnApplicationShutdown {
  private windowEndsAt = 0;
  private readonly ofAddress = new Map<string, number>();
  private noted = 0;
  private beyond = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly writing = new Set<Promise<void>>();

  constructor(
    private readonly trail: AuditTrail,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Does not wait for the entry: whoever is refused must not make the server wait, either. */
  note(deed: Deed & Outcome, now = Date.now()): void {
    if (now >= this.windowEndsAt) this.begin(now);
    const address = deed.address ?? "";
    const count = this.ofAddress.get(address) ?? 0;
    if (count >= MAX_OF_ADDRESS || this.noted >= MAX_IN_WINDOW) {
      this.beyond++;
      return;
    }
    this.ofAddress.set(address, count + 1);
    this.noted++;
    this.write(deed);
  }

  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    this.tellBeyond();
    await Promise.all(this.writing);
  }

  private begin(now: number): void {
    this.tellBeyond();
    this.windowEndsAt = now + WINDOW_MS;
    this.ofAddress.clear();
    this.noted = 0;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.tellBeyond();
    }, WINDOW_MS).unref();
  }

  private tellBeyond(): void {
    const count = this.beyond;
    this.beyond = 0;
    if (count === 0) return;
    const detail = `${count} more were refused within a minute`;
    this.write({ actor: { kind: "nobody" }, action: "refused", status: 429, detail });
  }

  private write(deed: Deed & Outcome): void {
    // What nobody who is known did concerns whoever runs the installation.
    const writing = asSystem(() => this.trail.note({ fleetId: HOST_FLEET, ...deed }))
      .catch((error: unknown) => {
        this.logger.warn({ reason: (error as Error).message, action: deed.action }, "a refusal was not noted");
      })
      .finally(() => this.writing.delete(writing));
    this.writing.add(writing);
  }
}
