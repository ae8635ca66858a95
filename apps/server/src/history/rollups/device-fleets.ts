import { Injectable } from "@nestjs/common";
import type { Transaction } from "../../platform/database/database";

/** Devices that are remembered at once: some tens of megabytes at most. */
const REMEMBERED = 200_000;

/** Whose each device is. That never changes, so the ingest asks once for each device. */
@Injectable()
export class DeviceFleets {
  private readonly known = new Map<string, number>();

  /** @returns the fleets of at least these devices; a device that is no more, and of which nothing is kept, has none */
  async of(tx: Pick<Transaction, "query">, deviceIds: Iterable<string>): Promise<ReadonlyMap<string, number>> {
    const wanted = new Set(deviceIds);
    if (this.known.size + wanted.size > REMEMBERED) this.known.clear();
    const unknown = [...wanted].filter((id) => !this.known.has(id));
    if (unknown.length > 0) {
      const { rows } = await tx.query<{ id: string; fleetId: number }>({
        name: "find-fleets",
        text: `SELECT device_id AS id, fleet_id AS "fleetId" FROM device_fleet WHERE device_id = ANY ($1::uuid[])`,
        values: [unknown],
      });
      for (const { id, fleetId } of rows) this.known.set(id, fleetId);
    }
    return this.known;
  }
}
