import { createContext, type ReactNode, use, useEffect, useMemo, useState } from "react";
import { en, type Texts } from "./en";
import { zh } from "./zh";

const LANGUAGES = { en, zh };
export type Language = keyof typeof LANGUAGES;
const STORED = "fleet-language";

interface Chosen {
  texts: Texts;
  language: Language;
  choose: (language: Language) => void;
}

const TextsContext = createContext<Chosen>({ texts: en, language: "en", choose: () => undefined });

function preferred(): Language {
  const stored = localStorage.getItem(STORED);
  if (stored === "en" || stored === "zh") return stored;
  return navigator.language.startsWith("zh") ? "zh" : "en";
}

/** Gives the page its language: the one chosen before, else the browser's. */
export function TextsProvider({ children }: { children: ReactNode }) {
  const [language, choose] = useState(preferred);
  useEffect(() => {
    localStorage.setItem(STORED, language);
    document.documentElement.lang = language;
  }, [language]);
  const chosen = useMemo(() => ({ texts: LANGUAGES[language], language, choose }), [language]);
  return <TextsContext value={chosen}>{children}</TextsContext>;
}

export const useTexts = (): Texts => use(TextsContext).texts;
export const useLanguage = (): Chosen => use(TextsContext);

/**
 * The texts of one page, which are loaded with it.
 * @returns a hook that gives them in the language of the page
 */
export const textsBy =
  <T,>(languages: Record<Language, T>) =>
  (): T =>
    languages[useLanguage().language];

/** All languages with their own names. */
export const languageOptions = Object.entries(LANGUAGES).map(([value, { language }]) => ({ value, label: language }));
