import type { FieldError } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { isDeepStrictEqual } from "node:util";
import type { Transaction } from "../platform/database/database";
import { type ProfileRow, ProfilesStore } from "../profiles/profiles.store";
import { changesBetween } from "./changes";
import type { ConfigRow, NewVersion, VersionCause } from "./configs.store";
import { judge, type Judged, type LayerPassword } from "./judge";
import type { Layer } from "./overlay";
import { PasswordsStore } from "./passwords.store";
import { pathsNeedingImei } from "./resolve";
import { tagsNamedIn, tagValues } from "./tag-values";

/** What a device's profiles and own settings make of its configuration. */
export interface Outcome extends Judged {
  row: ConfigRow;
  /** The weakest first. */
  layers: Layer[];
  passwordId: string | null;
  /** The IMEI that the document asks for. */
  filledImei: string | null;
  /** Another document, password, IMEI or tags' values than the present version's; never where there are problems. */
  isChanged: boolean;
}

/** Resolves devices' configurations; it writes nothing, so that the same code answers what a change would do. */
@Injectable()
export class Resolver {
  constructor(
    private readonly profiles: ProfilesStore,
    private readonly passwords: PasswordsStore,
  ) {}

  /** @param rows a bounded batch of devices, their `own` settings as they shall be */
  async resolve(tx: Pick<Transaction, "query">, rows: readonly ConfigRow[]): Promise<Outcome[]> {
    const profiles = await this.profiles.all(tx);
    const ids = rows.map(({ deviceId }) => deviceId);
    const chosen = await this.profiles.choosing(tx, profiles, ids);
    const tagNames = new Map(profiles.map(({ id, template }) => [id, tagsNamedIn(template)]));
    const parts = rows.map((row) => partsOf(row, chosen.get(row.deviceId) ?? [], tagNames));
    const passwords = await this.passwords.openAll(tx, [
      ...new Set(parts.flatMap(({ passwordId }) => passwordId ?? [])),
    ]);
    const judged = new Map<string, Judged>();
    return parts.map(({ row, layers, passwordId, key }) => {
      const known = judged.get(key) ?? judge(layers, passwordOf(passwords, passwordId), row);
      judged.set(key, known);
      const asksForImei = known.desired !== null && pathsNeedingImei(known.desired).length > 0;
      const outcome = { ...known, row, layers, passwordId, filledImei: asksForImei ? row.imei : null };
      return { ...outcome, isChanged: outcome.problems.length === 0 && !isSame(outcome, row) };
    });
  }
}

/** The next version of a device, as `outcome` has it. */
export function nextVersion(outcome: Outcome, cause: VersionCause): NewVersion {
  const { row, desired, passwordId, filledImei, filledTags } = outcome;
  const after = { deviceId: row.deviceId, desired, passwordId: desired && passwordId, filledImei, filledTags };
  return {
    ...cause,
    ...after,
    version: row.version + 1,
    changes: changesBetween(row, after),
  };
}

/** Whether what is in the way of a device differs from what is noted. */
export function isOtherProblem(noted: FieldError[] | null, found: FieldError[]): boolean {
  return !isDeepStrictEqual(noted ?? [], found);
}

/** The layers of a device; those with the same `key` resolve to the same. */
function partsOf(row: ConfigRow, profiles: readonly ProfileRow[], tagNames: ReadonlyMap<string, string[]>) {
  const layers: Layer[] = profiles.map(({ id, name, template }) => ({
    from: { kind: "profile", id, name },
    settings: template,
  }));
  if (row.own) layers.push({ from: { kind: "device" }, settings: row.own });
  const passwordId =
    row.ownPasswordId ?? profiles.findLast((profile) => profile.passwordId !== null)?.passwordId ?? null;
  const own = row.own ? row.deviceId : "";
  const tags = profiles.flatMap(({ id }) => tagNames.get(id) ?? []);
  const key = JSON.stringify([
    own,
    row.imei === null,
    passwordId,
    profiles.map(({ id }) => id),
    tags.map((tag) => tagValues(row.tags, tag)),
  ]);
  return { row, layers, passwordId, key };
}

function passwordOf(passwords: Map<string, LayerPassword>, id: string | null): LayerPassword {
  return id === null ? undefined : passwords.get(id);
}

function isSame(outcome: Omit<Outcome, "isChanged">, row: ConfigRow): boolean {
  return (
    isDeepStrictEqual(outcome.desired, row.desired) &&
    (outcome.desired === null || outcome.passwordId === row.passwordId) &&
    outcome.filledImei === row.filledImei &&
    isDeepStrictEqual(outcome.filledTags, row.filledTags)
  );
}
