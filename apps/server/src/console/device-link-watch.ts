import { Injectable } from "@nestjs/common";
import { Database } from "../platform/database/database";

const EVERY_MS = 5_000;

/** Tells an open console that its device's agent is gone: the agent has ended it then, and cannot say so. */
@Injectable()
export class DeviceLinkWatch {
  constructor(private readonly database: Database) {}

  /** @returns ends the watch */
  watch(deviceId: string, onLost: () => void): () => void {
    let fencing: string | undefined;
    const timer = setInterval(() => {
      this.session(deviceId).then(
        (current) => {
          fencing ??= current;
          if (current === undefined || current !== fencing) onLost();
        },
        () => undefined, // a database that is away now is asked again
      );
    }, EVERY_MS).unref();
    return () => {
      clearInterval(timer);
    };
  }

  /** The fencing number of the agent's connection; undefined while there is none (primary key). */
  private async session(deviceId: string): Promise<string | undefined> {
    const { rows } = await this.database.pool.query<{ fencing: string }>(
      "SELECT fencing FROM device_state WHERE device_id = $1 AND online",
      [deviceId],
    );
    return rows[0]?.fencing;
  }
}
