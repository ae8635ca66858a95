import * as en from "./en/device-page";
import { textsBy } from "./use-texts";
import * as zh from "./zh/device-page";

/** The texts of a device's configuration and console. */
export const useDeviceTexts = textsBy<Pick<typeof en, "configuration" | "console">>({ en, zh });
