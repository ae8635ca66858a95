import { settingsAdvice as en } from "./en/advice";
import { textsBy } from "./use-texts";
import { settingsAdvice as zh } from "./zh/advice";

/** The texts of advice on settings, and of what other settings would have made. */
export const useAdviceTexts = textsBy({ en, zh });
