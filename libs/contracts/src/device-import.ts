import { z } from "zod";
import { idSchema } from "./common";

/** The columns of an import; only `name` is required. */
export const IMPORT_COLUMNS = ["name", "imei", "tags", "timeZone"] as const;
/** Of one import, which is one transaction. */
export const MAX_IMPORTED_DEVICES = 10_000;

export const importedDevicesSchema = z.object({
  items: z.array(
    z.object({
      /** Of the file; its first line is 1. */
      line: z.number().int(),
      id: idSchema,
      name: z.string(),
      imei: z.string().nullable(),
      /** Shown this once. */
      token: z.string(),
    }),
  ),
});
export type ImportedDevices = z.infer<typeof importedDevicesSchema>;

/** What an import would do; nothing was written. */
export const checkedImportSchema = z.object({ isDryRun: z.literal(true), devices: z.number().int() });
export type CheckedImport = z.infer<typeof checkedImportSchema>;
