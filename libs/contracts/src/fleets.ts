import { z } from "zod";
import { idSchema, timeSchema } from "./common";

/** Stands before a person's name when they sign in (`north/ann`), so no case and nothing that a person's name could hold. */
export const fleetNameSchema = z
  .string()
  .regex(/^[a-z][a-z\d-]{0,31}$/, "must be 1 to 32 small letters, digits or '-', a letter first");

export const createFleetSchema = z.strictObject({ name: fleetNameSchema });
export type CreateFleet = z.infer<typeof createFleetSchema>;
export const renameFleetSchema = z.strictObject({ name: fleetNameSchema });
export type RenameFleet = z.infer<typeof renameFleetSchema>;

export const fleetSchema = z.object({
  id: idSchema,
  name: z.string(),
  /** It runs the installation; only its admins see this list. */
  isHost: z.boolean(),
  createdAt: timeSchema,
});
export type Fleet = z.infer<typeof fleetSchema>;
export const fleetListSchema = z.object({ items: z.array(fleetSchema), next: z.null() });

/** With its first admin key, shown this once: from then on its admins are among themselves. */
export const createdFleetSchema = z.object({ ...fleetSchema.shape, key: z.string() });
export type CreatedFleet = z.infer<typeof createdFleetSchema>;
