import type { FleetServer } from "../../test-support/fleet-server";

/** Has a device lived with these settings from the beginning, as far as its agent reported. */
export async function lived(server: FleetServer, id: string, keepAliveS: number, ackTimeoutS: number): Promise<void> {
  await server.database.pool.query(
    `INSERT INTO device_config (device_id, reported_version, reported) VALUES ($1, 1, $2)
     ON CONFLICT (device_id) DO UPDATE SET reported_version = 1, reported = excluded.reported`,
    [id, { mqtt: { keepAliveS, ackTimeoutS } }],
  );
}
