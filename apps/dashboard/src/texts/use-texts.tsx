import { createContext, type ReactNode, use, useEffect, useMemo, useState } from "react";
import { en, type Texts } from "./en";

/** All languages by their own names. */
const NAMES = { en: "English", zh: "中文" };
export type Language = keyof typeof NAMES;
const STORED = "fleet-language";

/** One language comes with the page, the others when they are asked for. */
const LOAD: Record<Language, () => Promise<Texts>> = {
  en: () => Promise.resolve(en),
  zh: async () => (await import("./zh")).zh,
};

interface Loaded {
  texts: Texts;
  language: Language;
}
interface Chosen extends Loaded {
  choose: (language: Language) => void;
}

const TextsContext = createContext<Chosen>({ texts: en, language: "en", choose: () => undefined });

function preferred(): Language {
  const stored = localStorage.getItem(STORED);
  if (stored === "en" || stored === "zh") return stored;
  return navigator.language.startsWith("zh") ? "zh" : "en";
}

/** The language to begin with: the one chosen before, else the browser's. */
export async function loadPreferredTexts(): Promise<Loaded> {
  const language = preferred();
  return { language, texts: await LOAD[language]() };
}

/** Gives the page its language. */
export function TextsProvider({ initial, children }: { initial: Loaded; children: ReactNode }) {
  const [loaded, setLoaded] = useState(initial);
  const { language } = loaded;
  useEffect(() => {
    localStorage.setItem(STORED, language);
    document.documentElement.lang = language;
  }, [language]);
  const chosen = useMemo(() => {
    const choose = (next: Language) => {
      void LOAD[next]().then((texts) => {
        setLoaded({ language: next, texts });
      });
    };
    return { ...loaded, choose };
  }, [loaded]);
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

export const languageOptions = Object.entries(NAMES).map(([value, label]) => ({ value, label }));
