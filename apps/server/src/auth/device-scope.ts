import type { FieldError, Selector } from "@mn316-fleet/contracts";
import { Injectable, SetMetadata } from "@nestjs/common";
import { selectorSql } from "../devices/selection";
import { Database } from "../platform/database/database";
import { invalid, notFound, ProblemError } from "../platform/problems/problem.error";

export const MINDS_SCOPE = "auth:minds-scope";

/** A route that limits its answer to the devices of its caller by itself; it gets them as the caller's `selector`. */
export const MindsScope = () => SetMetadata(MINDS_SCOPE, true);

/** What a route is of use for here; Fastify's. */
interface ScopedRequest {
  routeOptions: { url?: string | undefined };
  params: unknown;
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * Keeps a caller whose key is limited by a selector to the devices that it chooses at that moment. A route may be called that is
 * about one such device, or about a job of such devices alone; every other one only where it says that it minds the scope.
 */
@Injectable()
export class DeviceScope {
  constructor(private readonly database: Database) {}

  /**
   * @param mindsScope the route limits itself
   * @throws 404 for a device or job outside, as for an unknown one; 403 for what concerns the whole fleet
   */
  async require(selector: Selector, { routeOptions, params }: ScopedRequest, mindsScope: boolean): Promise<void> {
    const { id = "" } = (params ?? {}) as { id?: string };
    const of = /^\/api\/v1\/(devices|jobs)\/:id(\/|$)/.exec(routeOptions.url ?? "")?.[1];
    if (of === "devices" && !(await this.chooses(selector, [id])).has(id.toLowerCase())) throw notFound("device", id);
    if (of === "jobs" && !(await this.choosesAllOf(selector, id))) throw notFound("job", id);
    if (of === undefined && !mindsScope)
      throw new ProblemError(
        403,
        "Forbidden",
        "This concerns the whole fleet, and the key is limited to some devices.",
      );
  }

  /** Those of the ids that the selector chooses now. */
  async chooses(selector: Selector, ids: readonly string[]): Promise<Set<string>> {
    const { sql, parameters } = selectorSql(selector, 2);
    const { rows } = await this.database.pool.query<{ id: string }>(
      `SELECT d.id FROM device d LEFT JOIN device_state s ON s.device_id = d.id WHERE d.id = ANY ($1::uuid[]) AND ${sql}`,
      [ids.filter((id) => UUID.test(id)), ...parameters],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** @throws 422 where a job of a limited caller is for any device outside */
  async requireTargets(
    selector: Selector | null,
    targets: { deviceIds?: string[]; selector?: unknown },
  ): Promise<void> {
    if (!selector) return;
    const { deviceIds } = targets;
    if (!deviceIds) {
      const message = "the key is limited to some devices: name them in `deviceIds`";
      throw invalid([{ path: "targets.selector", rule: "scope", message }]);
    }
    const chosen = await this.chooses(selector, deviceIds);
    const errors = deviceIds.flatMap((id, index): FieldError[] =>
      chosen.has(id)
        ? []
        : [{ path: `targets.deviceIds.${index}`, rule: "exists", message: `there is no device "${id}"` }],
    );
    if (errors.length > 0) throw invalid(errors);
  }

  /** Whether a job names its devices, and the selector chooses all of them. */
  private async choosesAllOf(selector: Selector, jobId: string): Promise<boolean> {
    if (!UUID.test(jobId)) return false;
    const { sql, parameters } = selectorSql(selector, 2);
    const { rowCount } = await this.database.pool.query(
      `SELECT 1 FROM job j WHERE j.id = $1 AND j.target_mode = 'ids'
          AND EXISTS (SELECT 1 FROM execution e WHERE e.job_id = j.id)
          AND NOT EXISTS (
            SELECT 1 FROM execution e JOIN device d ON d.id = e.device_id
              LEFT JOIN device_state s ON s.device_id = d.id WHERE e.job_id = j.id AND NOT ${sql})`,
      [jobId, ...parameters],
    );
    return rowCount === 1;
  }
}
