import * as en from "./en/settings";
import { textsBy } from "./use-texts";
import * as zh from "./zh/settings";

/** The texts of enrolment and of keys. */
export const useSettingsTexts = textsBy<Pick<typeof en, "enrollment" | "keys">>({ en, zh });
