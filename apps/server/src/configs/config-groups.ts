import type { ReportedConfig } from "@mn316-fleet/protocol";
import { Injectable } from "@nestjs/common";
import { Database } from "../platform/database/database";

/** Devices whose modules hold the same, and one that stands for them. */
export interface ConfigGroup {
  deviceId: string;
  devices: number;
  reported: ReportedConfig | null;
}

/** The largest of the groups that devices fall into. */
export interface GroupedConfigs {
  devices: number;
  /** How many groups there are in all. */
  distinct: number;
  groups: ConfigGroup[];
}

/** Which configurations there are among devices. */
@Injectable()
export class ConfigGroups {
  constructor(private readonly database: Database) {}

  /**
   * Groups devices by what they report and which AT commands they allow; what differs only by the device's own IMEI or id is
   * the same.
   * @param devices a query for `id`s, and its parameters
   * @param byDesired devices that shall be configured differently are in different groups
   */
  async of(
    devices: { sql: string; parameters: readonly unknown[] },
    limit: number,
    byDesired: boolean,
  ): Promise<GroupedConfigs> {
    const wanted = byDesired ? "concat(c.desired::text, c.filled_tags::text)" : "c.desired ->> 'at'";
    const { rows } = await this.database.pool.query<ConfigGroup & { all: number; distinct: number }>(
      `WITH keyed AS (
         SELECT d.id, md5(replace(replace(concat(c.reported::text, ${wanted}), coalesce(d.imei, '{imei}'), '{imei}'),
                                  d.id::text, '{device}')) AS key
           FROM device d LEFT JOIN device_config c ON c.device_id = d.id WHERE d.id IN (${devices.sql})),
       grouped AS (
         SELECT min(id::text)::uuid AS id, count(*)::int AS devices, (sum(count(*)) OVER ())::int AS "all",
                (count(*) OVER ())::int AS "distinct"
           FROM keyed GROUP BY key ORDER BY 2 DESC, 1 LIMIT ${limit})
       SELECT g.id AS "deviceId", g.devices, g.all, g.distinct, c.reported
         FROM grouped g LEFT JOIN device_config c ON c.device_id = g.id ORDER BY g.devices DESC, g.id`,
      [...devices.parameters],
    );
    const groups = rows.map(({ deviceId, devices: count, reported }) => ({ deviceId, devices: count, reported }));
    return { devices: rows[0]?.all ?? 0, distinct: rows[0]?.distinct ?? 0, groups };
  }
}
