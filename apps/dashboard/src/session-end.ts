import { createContext, use } from "react";

interface SessionEnd {
  onSignOut: () => void;
  /** The key is valid no longer. */
  onRefused: () => void;
}

export const SessionEndContext = createContext<SessionEnd>({ onSignOut: () => undefined, onRefused: () => undefined });

/** The ways out of a session. */
export const useSessionEnd = (): SessionEnd => use(SessionEndContext);
