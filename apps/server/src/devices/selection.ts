import type { Selector } from "@mn316-fleet/contracts";

/** While an agent is away nobody hears its module, so the last state it told is not the state it is in. */
export const MODULE_STATE = "coalesce(CASE WHEN s.online THEN s.module_state END, 'unknown')";

/**
 * A condition for modules in one of these states, in the form that an index can answer (device_state_module_state_idx).
 * @param parameter a text[] of the same states
 */
export function stateIn(states: readonly string[], parameter: string): string {
  if (states.includes("unknown")) return `${MODULE_STATE} = ANY (${parameter}::text[])`;
  return `(s.online AND s.module_state = ANY (${parameter}::text[]))`;
}

/** A condition, and the values of its parameters. */
export interface SelectionSql {
  sql: string;
  parameters: unknown[];
}

/** The caller's fleet as what `selectorSql` is a condition on: a policy on `device` would keep most operators from an index. */
export const DEVICES = "fleet_device d LEFT JOIN device_state s ON s.device_id = d.id";

/**
 * A selector as a condition on `device d LEFT JOIN device_state s`, or on `DEVICES` where all devices are searched
 * (device_tags_idx for tags).
 * @param firstParameter number of the first `$n` that the condition may use
 */
export function selectorSql(selector: Selector, firstParameter: number): SelectionSql {
  const parameters: unknown[] = [];
  const parameter = (value: unknown) => `$${firstParameter + parameters.push(value) - 1}`;
  const { tags, anyTag, q, state, online, firmware, deviceIds, imei } = selector;
  const conditions: string[] = [];
  if (tags) conditions.push(`d.tags @> ${parameter(tags)}::text[]`);
  if (anyTag) conditions.push(`d.tags && ${parameter(anyTag)}::text[]`);
  if (q !== undefined) {
    const pattern = parameter(containing(q));
    // Indexes device_name_trgm_idx and device_imei_trgm_idx. Never null, so that it can be negated.
    conditions.push(`(d.name ILIKE ${pattern}::text OR (d.imei IS NOT NULL AND d.imei LIKE ${pattern}::text))`);
  }
  if (state) conditions.push(stateIn(state, parameter(state)));
  if (online !== undefined) conditions.push(`coalesce(s.online, false) = ${parameter(online)}::boolean`);
  if (firmware !== undefined)
    conditions.push(`coalesce(s.module ->> 'firmware' = ${parameter(firmware)}::text, false)`);
  if (deviceIds) conditions.push(`d.id = ANY (${parameter(deviceIds)}::uuid[])`);
  if (imei !== undefined)
    conditions.push(`(d.imei IS NOT NULL AND d.imei LIKE translate(${parameter(imei)}::text, '*?', '%_'))`);
  return { sql: conditions.length > 0 ? `(${conditions.join(" AND ")})` : "true", parameters };
}

/** A `LIKE` pattern for texts that hold `text`, whatever it is made of. */
export function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, "\\$&")}%`;
}
