import { Pool, type PoolClient } from "pg";
import { currentFleet } from "./fleet-scope";

/** The role of the migrations, under which policies hold: it sees the rows of one fleet. */
export const TENANT_ROLE = "mn316_fleet_tenant";

type Taken = (error: Error | undefined, client: PoolClient | undefined, done: PoolClient["release"]) => void;

/** A pool whose connections act for the fleet on whose behalf they are taken; its `verify` has to have set the role. */
export class TenantPool extends Pool {
  private readonly fleets = new WeakMap<PoolClient, number>();

  override connect(): Promise<PoolClient>;
  override connect(callback: Taken): void;
  override connect(callback?: Taken): Promise<PoolClient> | undefined {
    const taken = this.take();
    if (!callback) return taken;
    taken.then(
      (client) => {
        callback(undefined, client, client.release.bind(client));
      },
      (error: unknown) => {
        callback(error as Error, undefined, () => undefined);
      },
    );
    return undefined;
  }

  private async take(): Promise<PoolClient> {
    const fleetId = currentFleet();
    return this.actFor(await super.connect(), fleetId);
  }

  private async actFor(client: PoolClient, fleetId: number): Promise<PoolClient> {
    if (this.fleets.get(client) === fleetId) return client;
    const ignore = () => undefined; // a connection that breaks: the query rejects
    client.on("error", ignore);
    try {
      // Until this is done it acts for nobody.
      this.fleets.delete(client);
      await client.query("SELECT set_config('fleet.id', $1, false)", [String(fleetId)]);
      this.fleets.set(client, fleetId);
      return client;
    } catch (error) {
      client.release(error as Error);
      throw error;
    } finally {
      client.off("error", ignore);
    }
  }
}
