import { z } from "zod";
import { plainTextSchema } from "./common";

const PREFIX = "whsec_";
const MIN_BYTES = 24;
const MAX_BYTES = 64;

/** Where a webhook is sent: `https` (or `http`), without credentials and without a fragment. */
export const webhookUrlSchema = plainTextSchema.max(2_048).superRefine((value, context) => {
  const problem = problemOf(value);
  if (problem) context.addIssue({ code: "custom", ...problem });
});

/** What a webhook is signed with, as Standard Webhooks writes it: `whsec_` and 24 to 64 bytes as base64. */
export const webhookSecretSchema = z.string().refine((secret) => isSecret(secret), {
  error: `must be ${PREFIX} followed by ${MIN_BYTES} to ${MAX_BYTES} bytes as base64`,
  params: { rule: "webhook-secret" },
});

function problemOf(value: string): { message: string; params: { rule: string } } | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !["http:", "https:"].includes(url.protocol))
    return { message: "must be an address such as https://example.com/hook", params: { rule: "url" } };
  if (url.username !== "" || url.password !== "")
    return { message: "must not hold a user or a password", params: { rule: "no-credentials" } };
  if (url.hash !== "") return { message: "must not hold a fragment (#)", params: { rule: "no-fragment" } };
  return undefined;
}

function isSecret(secret: string): boolean {
  if (!secret.startsWith(PREFIX)) return false;
  const text = secret.slice(PREFIX.length);
  if (!/^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/.test(text)) return false;
  const bytes = (text.length / 4) * 3 - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0);
  return bytes >= MIN_BYTES && bytes <= MAX_BYTES;
}
