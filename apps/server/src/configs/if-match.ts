import { ApiHeader } from "@nestjs/swagger";
import type { FastifyReply } from "fastify";
import { invalid, ProblemError } from "../platform/problems/problem.error";

/** A condition on the version that a write replaces. */
export type VersionCondition = (version: number) => boolean;

const ENTITY_TAGS = /^\s*(W\/)?"[^"]*"\s*(,\s*(W\/)?"[^"]*"\s*)*$/;

/**
 * Reads `If-Match` (RFC 9110 §13.1.1). `*` asks for any version at all; a weak tag never matches.
 * @returns always true where the header is absent
 * @throws 422 naming the header where it is malformed
 */
export function readIfMatch(header: string | undefined): VersionCondition {
  if (header === undefined) return () => true;
  if (header.trim() === "*") return (version) => version > 0;
  if (!ENTITY_TAGS.test(header))
    throw invalid([
      { path: "If-Match", rule: "entity-tag", message: 'must be the ETag of the version seen, such as "3"' },
    ]);
  const tags = header.split(",").map((tag) => tag.trim());
  return (version) => tags.includes(entityTag(version));
}

/** The 412 of a write that was meant for another version than the one that is there, which it tells. */
export function otherVersion(what: string, version: number, current: unknown): ProblemError {
  return new ProblemError(
    412,
    "Precondition failed",
    `The ${what} has version ${version}, not one that If-Match names.`,
    undefined,
    { ETag: entityTag(version) },
    { current },
  );
}

/** The `ETag` of a version. */
export function entityTag(version: number): string {
  return `"${version}"`;
}

/** Documents the header on a route that reads it. */
export const IfMatchHeader = () =>
  ApiHeader({ name: "If-Match", required: false, description: 'The version seen, such as "3"; another one is 412.' });

/** Answers something with the `ETag` of its version. */
export async function tagged<T extends { version: number }>(reply: FastifyReply, answer: Promise<T>): Promise<T> {
  const found = await answer;
  void reply.header("ETag", entityTag(found.version));
  return found;
}
