import { analytics as en } from "./en/analytics";
import { textsBy } from "./use-texts";
import { analytics as zh } from "./zh/analytics";

/** The texts of the analytics page, and of what other pages show of it. */
export const useAnalyticsTexts = textsBy({ en, zh });
