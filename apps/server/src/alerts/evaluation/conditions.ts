import type { AlertGrouping, AlertKind, AlertParams, Selector } from "@mn316-fleet/contracts";
import { KNOWN_MODULE_STATES, TIMEOUT_NAMES } from "@mn316-fleet/manual";
import { selectorSql } from "../../devices/selection";

/** What a rule watches for, by its kind. */
export interface Watch {
  kind: AlertKind;
  params: Record<string, unknown>;
  selector: Selector;
  groupBy: AlertGrouping;
}

/** A condition in SQL; `$1` is the rule, `$2` the moment it is asked for. */
export interface ConditionSql {
  /** Common table expressions that both others use, each with a comma behind it. */
  with: string;
  /** Rows `subject_id, subject_name, group_key, facts, since` for all for whom it holds. */
  holds: string;
  /** Whether it cannot be told of subject `x`, who was under it: neither well nor ill. */
  isUnsure: string;
  parameters: unknown[];
}

type Parameter = (value: unknown) => string;

/** The part of a kind that is asked of devices. */
interface DeviceCondition {
  with?: string;
  /** Tables besides `device d` and `device_state s`. */
  join?: string;
  where: string;
  since: string;
  facts: string;
  /** Of `d` and `s`. */
  isUnsure?: string;
}

const NOT_CONNECTED = KNOWN_MODULE_STATES.filter((state) => state !== "connected" && state !== "unknown");
const AGENT_AWAY = "NOT s.online";
/** A share of less than this of the window says too little. */
const KNOWN_SHARE = 0.1;
const NOW = "$2::timestamptz";

/** Rollups go by whole hours. */
const hoursFrom = (seconds: string) => `date_trunc('hour', ${NOW} - make_interval(secs => ${seconds}), 'UTC')`;

const DEVICE_CONDITIONS: {
  [K in Exclude<AlertKind, "job-aborted">]: (params: AlertParams<K>, parameter: Parameter) => DeviceCondition;
} = {
  // Index device_state_away_idx. A device that was never there is not missed.
  "device-offline": () => ({
    where: `NOT s.online AND s.link_since <= ${NOW}`,
    since: "s.link_since",
    facts: "'{}'::jsonb",
  }),

  // Index device_state_module_state_idx. What its agent did not see does not count, nor a clock that is ahead.
  "module-disconnected": (_params, parameter) => ({
    where: `s.online AND s.module_state = ANY (${parameter(NOT_CONNECTED)}::text[])`,
    since: `least(${NOW}, greatest(s.link_since, s.module_since - s.clock_offset_ms * interval '1 millisecond'))`,
    facts: "jsonb_build_object('state', s.module_state, 'cause', s.cause)",
    isUnsure: `${AGENT_AWAY} OR s.module_state = 'unknown'`,
  }),

  // Index connection_interval_ended_idx, and the state that still lasts: what reaches into the window ended within it, or goes on.
  availability: ({ underPercent, overS }, parameter) => {
    const over = parameter(overS);
    const from = `(${NOW} - make_interval(secs => ${over}))`;
    const ms = (began: string, ended: string) =>
      `greatest(0, date_part('epoch', least(${ended}, ${NOW}) - greatest(${began}, ${from})) * 1000)`;
    const measured = `measured AS MATERIALIZED (
      SELECT p.device_id, 100 * coalesce(sum(p.ms) FILTER (WHERE p.state = 'connected'), 0) / sum(p.ms) AS percent
        FROM (SELECT device_id, state, ${ms("began", "ended")} AS ms
                FROM connection_interval WHERE ended > ${from} AND state <> 'unknown'
              UNION ALL
              SELECT device_id, module_state, ${ms("module_since", NOW)}
                FROM device_state WHERE online AND module_state <> 'unknown') p
       GROUP BY p.device_id HAVING sum(p.ms) >= greatest(1, ${over} * 1000 * ${KNOWN_SHARE})),`;
    return {
      with: measured,
      join: "JOIN measured m ON m.device_id = d.id",
      where: `m.percent < ${parameter(underPercent)}::float`,
      since: NOW,
      facts: "jsonb_build_object('percent', round(m.percent::numeric, 1))",
      isUnsure: "NOT EXISTS (SELECT 1 FROM measured m WHERE m.device_id = d.id)",
    };
  },

  // Index connection_interval_connected_ended_idx.
  flapping: ({ disconnects, withinS }, parameter) => ({
    join: `JOIN (SELECT device_id, count(*)::int AS disconnects FROM connection_interval
                  WHERE state = 'connected' AND ended > ${NOW} - make_interval(secs => ${parameter(withinS)}) AND ended <= ${NOW}
                  GROUP BY device_id HAVING count(*) >= ${parameter(disconnects)}) f ON f.device_id = d.id`,
    where: "true",
    since: NOW,
    facts: "jsonb_build_object('disconnects', f.disconnects)",
    isUnsure: AGENT_AWAY,
  }),

  // Index timeout_hour_hour_idx.
  timeouts: ({ type, perHour, overS }, parameter) => {
    const from = hoursFrom(parameter(overS));
    const count = type === "any" ? TIMEOUT_NAMES.join(" + ") : type;
    const rate = `(sum(${count}) * 3600 / extract(epoch FROM ${NOW} - ${from}))`;
    return {
      join: `JOIN (SELECT device_id, ${rate} AS per_hour FROM timeout_hour WHERE hour >= ${from} AND hour <= ${NOW}
                    GROUP BY device_id HAVING ${rate} > ${parameter(perHour)}::float) t ON t.device_id = d.id`,
      where: "true",
      since: NOW,
      facts: "jsonb_build_object('perHour', round(t.per_hour, 1))",
      isUnsure: AGENT_AWAY,
    };
  },

  // Index device_config_shown_status_idx.
  "config-rolled-back": () => ({
    join: "JOIN device_config c ON c.device_id = d.id",
    where: "c.shown_status = 'rolled-back'",
    since: `least(${NOW}, c.updated_at)`,
    facts: "jsonb_build_object('version', c.version, 'reason', c.reason)",
  }),
};

/** The condition of a rule. @param firstParameter number of the first `$n` that it may use */
export function conditionSql(watch: Watch, firstParameter: number): ConditionSql {
  const parameters: unknown[] = [];
  const parameter = (value: unknown) => `$${firstParameter + parameters.push(value) - 1}`;
  const selected = () => {
    const { sql, parameters: own } = selectorSql(watch.selector, firstParameter + parameters.length);
    parameters.push(...own);
    return sql;
  };
  const { kind, params, groupBy } = watch;
  if (kind === "job-aborted")
    return { ...abortedJobs(params as AlertParams<"job-aborted">, parameter, selected), parameters };
  const make = DEVICE_CONDITIONS[kind] as (params: unknown, parameter: Parameter) => DeviceCondition;
  const { with: tables = "", join = "", where, since, facts, isUnsure } = make(params, parameter);
  const chosen = selected();
  return {
    with: tables,
    holds: `SELECT d.id AS subject_id, d.name AS subject_name, ${groupKey(groupBy, parameter)} AS group_key,
                   ${facts} AS facts, ${since} AS since
              FROM fleet_device d JOIN device_state s ON s.device_id = d.id ${join} WHERE ${where} AND ${chosen}`,
    isUnsure: isUnsure
      ? `EXISTS (SELECT 1 FROM device d JOIN device_state s ON s.device_id = d.id
                  WHERE d.id = x.subject_id AND ${chosen} AND (${isUnsure}))`
      : "false",
    parameters,
  };
}

/** Index job_abort_at_idx. */
function abortedJobs({ openForS }: AlertParams<"job-aborted">, parameter: Parameter, selected: () => string) {
  const openFor = parameter(openForS);
  return {
    with: "",
    holds: `SELECT j.id AS subject_id, j.kind AS subject_name, NULL AS group_key,
                   jsonb_build_object('jobKind', j.kind, 'reason', j.reason) AS facts, a.at AS since
              FROM job_abort a JOIN job j ON j.id = a.job_id
             WHERE a.at > ${NOW} - make_interval(secs => ${openFor}) AND a.at <= ${NOW}
               AND EXISTS (SELECT 1 FROM execution e JOIN device d ON d.id = e.device_id
                             LEFT JOIN device_state s ON s.device_id = d.id WHERE e.job_id = j.id AND ${selected()})`,
    isUnsure: "false",
  };
}

function groupKey(groupBy: AlertGrouping, parameter: Parameter): string {
  if (groupBy.by === "cell") return "s.cell";
  if (groupBy.by === "none") return "NULL::text";
  return `(SELECT min(t.tag) FROM unnest(d.tags) AS t (tag) WHERE starts_with(t.tag, ${parameter(groupBy.prefix)}))`;
}
