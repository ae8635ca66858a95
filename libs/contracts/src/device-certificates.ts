import { z } from "zod";
import { timeSchema } from "./common";

/** As most tools print it: 64 hex digits, colons between the bytes allowed. */
const fingerprintSchema = z
  .string()
  .regex(/^([\da-f]{2}(:?[\da-f]{2}){31})$/i, "must be a SHA-256 as 64 hex digits, colons between the bytes allowed")
  .transform((text) => text.replaceAll(":", "").toLowerCase());

/** By its fingerprint or as a whole, in PEM form. */
export const bindCertificateSchema = z
  .strictObject({
    sha256: fingerprintSchema.optional(),
    certificate: z.string().min(1).max(16_384).optional(),
    /** How long the former certificates still work, in seconds. */
    overlapS: z.number().int().min(0).max(604_800).default(3_600),
  })
  .refine(({ sha256, certificate }) => (sha256 === undefined) !== (certificate === undefined), {
    path: ["sha256"],
    message: "either sha256 or certificate must be given",
  });
export type BindCertificate = z.infer<typeof bindCertificateSchema>;

/** A certificate that a device has to show beside its token; `expiresAt` where another took its place. */
export const boundCertificateSchema = z.object({
  sha256: z.string(),
  boundAt: timeSchema,
  expiresAt: timeSchema.nullable(),
});
export type BoundCertificate = z.infer<typeof boundCertificateSchema>;
export const boundCertificateListSchema = z.object({ items: z.array(boundCertificateSchema), next: z.null() });
