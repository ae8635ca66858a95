import { alertsPage as en } from "./en/alerts-page";
import { textsBy } from "./use-texts";
import { alertsPage as zh } from "./zh/alerts-page";

/** The texts of the alerts page. */
export const useAlertsTexts = textsBy({ en, zh });
