import { profiles as en } from "./en/profiles";
import { textsBy } from "./use-texts";
import { profiles as zh } from "./zh/profiles";

/** The texts of the pages of profiles. */
export const useProfilesTexts = textsBy({ en, zh });
