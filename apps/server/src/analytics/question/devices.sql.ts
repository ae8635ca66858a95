import { DEVICES, selectorSql } from "../../devices/selection";
import type { Question } from "./question";
import type { Statement } from "./statement";

/** The devices that a question is about, as a condition on `device d LEFT JOIN device_state s`. */
function chosen(statement: Statement, { selection }: Question): string {
  const { deviceId, deviceIds, selector, profile, cell } = selection;
  const conditions = [
    ...(deviceId === undefined ? [] : [`d.id = ${statement.parameter("uuid", deviceId)}`]),
    ...(deviceIds ? [`d.id = ANY (${statement.parameter("uuid[]", deviceIds)})`] : []),
    ...(cell === undefined ? [] : [`s.cell = ${statement.parameter("text", cell)}`]),
    ...[selector, profile?.selector].flatMap((each) =>
      each ? [statement.condition((first) => selectorSql(each, first))] : [],
    ),
  ];
  return conditions.length > 0 ? conditions.join(" AND ") : "true";
}

/** A query of the question's devices: `device_id`. */
export function devicesSql(statement: Statement, question: Question): string {
  return `SELECT d.id AS device_id FROM ${DEVICES} WHERE ${chosen(statement, question)}`;
}

/** That a column is one of the question's devices; all are where it is about the fleet, also those that were removed. */
export function isAsked(statement: Statement, question: Question, column: string): string {
  if (question.isFleet) return "true";
  const { deviceIds } = question.selection;
  return deviceIds
    ? `${column} = ANY (${statement.parameter("uuid[]", deviceIds)})`
    : `${column} IN (SELECT device_id FROM (${devicesSql(statement, question)}) AS asked)`;
}

/**
 * A query of the question's devices with the groups that they belong to: `device_id`, `grp` (text, may be null). A device
 * of several tags, or of several profiles, is in the group of each, one without is in none.
 */
export function membersSql(statement: Statement, question: Question): string {
  const where = `WHERE ${chosen(statement, question)}`;
  switch (question.groupBy) {
    case "device":
      return `SELECT d.id AS device_id, d.id::text AS grp FROM ${DEVICES} ${where}`;
    case "tag":
      return `SELECT d.id AS device_id, t.tag AS grp FROM ${DEVICES} CROSS JOIN LATERAL unnest(d.tags) AS t (tag) ${where}`;
    case "firmware":
      return `SELECT d.id AS device_id, s.module ->> 'firmware' AS grp FROM ${DEVICES} ${where}`;
    case "cell":
      return `SELECT d.id AS device_id, s.cell AS grp FROM ${DEVICES} ${where}`;
    case "profile": {
      const columns = question.profiles.map(({ id, selector }) => {
        const condition = statement.condition((first) => selectorSql(selector, first));
        return `CASE WHEN ${condition} THEN ${statement.parameter("text", id)} END`;
      });
      return `SELECT d.id AS device_id, p.id AS grp FROM ${DEVICES}
               CROSS JOIN LATERAL unnest(ARRAY[${columns.join(", ")}]::text[]) AS p (id) ${where} AND p.id IS NOT NULL`;
    }
    default:
      return `SELECT d.id AS device_id, NULL::text AS grp FROM ${DEVICES} ${where}`;
  }
}
