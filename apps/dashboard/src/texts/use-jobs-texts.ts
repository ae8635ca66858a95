import { jobs as en } from "./en/jobs";
import { textsBy } from "./use-texts";
import { jobs as zh } from "./zh/jobs";

/** The texts of the pages of jobs. */
export const useJobsTexts = textsBy({ en, zh });
