import type { FieldError } from "@mn316-fleet/contracts";
import { type StoredDocument, tagsNeeded } from "./resolve";

/** What `{tag:name}` may stand for on a device: what follows `name:` in those of its tags that begin so. */
export function tagValues(tags: readonly string[], name: string): string[] {
  const prefix = `${name}:`;
  return tags
    .filter((tag) => tag.startsWith(prefix) && tag.length > prefix.length)
    .map((tag) => tag.slice(prefix.length));
}

/** The value of each tag that a document asks for; a device without one, or with several, has a problem instead. */
export function tagsFor(
  document: StoredDocument,
  tags: readonly string[],
): { values: Record<string, string>; problems: FieldError[] } {
  const values: [string, string][] = [];
  const problems: FieldError[] = [];
  for (const { path, tag } of tagsNeeded(document)) {
    const [value, ...more] = tagValues(tags, tag);
    const holds = `holds {tag:${tag}}, but the device has`;
    if (value === undefined)
      problems.push({ path, rule: "tag-known", message: `${holds} no tag "${tag}:…" with a value` });
    else if (more.length > 0)
      problems.push({
        path,
        rule: "tag-single",
        message: `${holds} several: ${[value, ...more].map((found) => `${tag}:${found}`).join(", ")}`,
      });
    else values.push([tag, value]);
  }
  return { values: Object.fromEntries(values), problems };
}

/** The names of the tags that a part of a document may ask for, found without knowing its shape. */
export function tagsNamedIn(settings: unknown): string[] {
  return [...JSON.stringify(settings).matchAll(/\{tag:([^{}"]+)\}/g)].map(([, name]) => name ?? "");
}
