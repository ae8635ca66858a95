import type { FieldError } from "@mn316-fleet/contracts";
import { StandardSchemaValidationPipe } from "@nestjs/common";
import type { z } from "zod";
import { invalid } from "./problem.error";

/** Checks bodies, queries and path parameters by the schema in their decorator: 422 with one entry a broken rule. */
export const validationPipe = () =>
  new StandardSchemaValidationPipe({
    exceptionFactory: (issues) => invalid(fieldErrors(issues as unknown as readonly z.core.$ZodIssue[])),
  });

/** zod's issues as field errors; an unknown field is named itself, not the object that holds it. */
export function fieldErrors(issues: readonly z.core.$ZodIssue[], prefix: readonly PropertyKey[] = []): FieldError[] {
  return issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path];
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => ({
        path: [...path, key].join("."),
        rule: "unknown-field",
        message: "there is no such field",
      }));
    return [{ path: path.join("."), rule: ruleOf(issue), message: issue.message }];
  });
}

function ruleOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "custom") return String(issue.params?.rule ?? "custom");
  if (issue.code === "too_small") return "min";
  if (issue.code === "too_big") return "max";
  if (issue.code === "invalid_format") return `format-${issue.format}`;
  return issue.code.replaceAll("_", "-");
}
