import { access as en } from "./en/access";
import { textsBy } from "./use-texts";
import { access as zh } from "./zh/access";

/** The texts of the pages about people and what they did. */
export const useAccessTexts = textsBy({ en, zh });
