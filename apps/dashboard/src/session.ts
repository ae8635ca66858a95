import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import { keyInAddress } from "./key-in-address";

const STORED = "fleet-key";

/** Takes the key out of the address, where `npm start` puts it, so that it stays in no history. */
function takeKeyFromAddress(): string | undefined {
  const key = keyInAddress(location.hash);
  if (key === undefined) return undefined;
  sessionStorage.setItem(STORED, key);
  history.replaceState(null, "", location.pathname + location.search);
  return key;
}

/** The API key of this browser tab; forgotten when the tab is closed. */
export function useSession() {
  const queries = useQueryClient();
  const [key, setKey] = useState(() => takeKeyFromAddress() ?? sessionStorage.getItem(STORED) ?? undefined);
  const signIn = useCallback(
    (given: string) => {
      sessionStorage.setItem(STORED, given);
      queries.clear(); // what another key was allowed to see
      setKey(given);
    },
    [queries],
  );
  const signOut = useCallback(() => {
    sessionStorage.removeItem(STORED);
    queries.clear();
    setKey(undefined);
  }, [queries]);
  useEffect(() => {
    const onHashChange = () => {
      const given = takeKeyFromAddress();
      if (given !== undefined) signIn(given);
    };
    addEventListener("hashchange", onHashChange);
    return () => removeEventListener("hashchange", onHashChange);
  }, [signIn]);
  return { key, signIn, signOut };
}
