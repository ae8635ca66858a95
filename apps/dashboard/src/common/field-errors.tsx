import { Alert, Code, List } from "@mantine/core";
import { ProblemResponseError } from "@mn316-fleet/client";
import type { FieldError } from "@mn316-fleet/contracts";

/** Which fields broke which rule. */
export function FieldErrors({ errors, color = "red" }: { errors: readonly FieldError[]; color?: string }) {
  if (errors.length === 0) return null;
  return (
    <Alert color={color} role={color === "red" ? "alert" : "status"}>
      <List size="sm" listStyleType="none">
        {errors.map(({ path, message }) => (
          <List.Item key={path + message}>
            {path !== "" && <Code>{path}</Code>} {message}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}

/** What a write was refused for, field by field where the server says so. */
export function WriteProblem({ error }: { error: Error | null }) {
  if (!error) return null;
  if (error instanceof ProblemResponseError && error.errors.length > 0) return <FieldErrors errors={error.errors} />;
  return (
    <Alert color="red" role="alert">
      {error.message}
    </Alert>
  );
}
