import type { ReportedConfig } from "@mn316-fleet/protocol";
import { Injectable } from "@nestjs/common";
import { Database } from "../platform/database/database";

/** Devices whose modules hold the same, and one that stands for them. */
export interface ConfigGroup {
  deviceId: string;
  devices: number;
  reported: ReportedConfig | null;
}

/** Which configurations there are among devices. */
@Injectable()
export class ConfigGroups {
  constructor(private readonly database: Database) {}

  /**
   * Groups devices by what they report and which AT commands they allow; what differs only by the device's own IMEI or id is
   * the same.
   * @param devices a query for `id`s, and its parameters
   * @returns the largest groups, and how many devices there are in all
   */
  async of(
    devices: { sql: string; parameters: readonly unknown[] },
    limit: number,
  ): Promise<{ devices: number; groups: ConfigGroup[] }> {
    const { rows } = await this.database.pool.query<ConfigGroup & { all: number }>(
      `WITH keyed AS (
         SELECT d.id, md5(replace(replace(concat(c.reported::text, c.desired ->> 'at'), coalesce(d.imei, '{imei}'), '{imei}'),
                                  d.id::text, '{device}')) AS key
           FROM device d LEFT JOIN device_config c ON c.device_id = d.id WHERE d.id IN (${devices.sql})),
       grouped AS (
         SELECT min(id::text)::uuid AS id, count(*)::int AS devices, (sum(count(*)) OVER ())::int AS "all"
           FROM keyed GROUP BY key ORDER BY 2 DESC, 1 LIMIT ${limit})
       SELECT g.id AS "deviceId", g.devices, g.all, c.reported
         FROM grouped g LEFT JOIN device_config c ON c.device_id = g.id ORDER BY g.devices DESC, g.id`,
      [...devices.parameters],
    );
    return { devices: rows[0]?.all ?? 0, groups: rows.map(({ all: _all, ...group }) => group) };
  }
}
