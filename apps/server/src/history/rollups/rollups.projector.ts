import { Injectable } from "@nestjs/common";
import type { NewEvent, Projector } from "../../ingest/projectors";
import type { Transaction } from "../../platform/database/database";
import { DeviceFleets } from "./device-fleets";
import { RollupsStore } from "./rollups.store";
import { ROLLUP_KINDS, type RollupKind, Tally } from "./tally";

/**
 * Sums by hour and outages, of each device and of the fleet. Sums only ever add what a new event brings, so they are exact
 * in any order of arrival; outages follow each device's own order, which the ingest keeps.
 */
@Injectable()
export class RollupsProjector implements Projector<RollupKind> {
  readonly name = "rollups";
  readonly kinds = ROLLUP_KINDS;

  constructor(
    private readonly store: RollupsStore,
    private readonly fleets: DeviceFleets,
  ) {}

  async apply(tx: Transaction, events: NewEvent<RollupKind>[]): Promise<void> {
    const deviceIds = [
      ...new Set(events.filter(({ event }) => event.kind === "state").map(({ deviceId }) => deviceId)),
    ];
    const standings =
      deviceIds.length > 0 ? await this.store.standings(tx, deviceIds.sort()) : new Map<string, never>();
    const before = new Map([...standings].map(([deviceId, { progress }]) => [deviceId, progress]));
    const fleets = await this.fleets.of(
      tx,
      events.map(({ deviceId }) => deviceId),
    );
    const tally = new Tally(standings, fleets);
    for (const event of events) tally.add(event);
    const moved = deviceIds.flatMap((deviceId) => {
      const progress = standings.get(deviceId)?.progress;
      const former = before.get(deviceId);
      return !progress || progress === former ? [] : [{ ...progress, deviceId, isNew: !former }];
    });
    if (moved.length > 0 || !tally.isEmpty)
      await this.store.add(tx, { sums: tally.sums, outages: tally.outages, moved });
  }
}
