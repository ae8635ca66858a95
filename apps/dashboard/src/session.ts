import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import type { SignInFailure } from "@mn316-fleet/contracts";
import { keyInAddress } from "./key-in-address";
import { signInReturn } from "./sign-in-return";

const STORED_KEY = "fleet-key";
const SIGNED_IN = "fleet-signed-in";

/** How the page proves itself: with a key, or with the cookie of a person who signed in. */
export type Access = { kind: "key"; key: string } | { kind: "person" };

/** Takes the key out of the address, where `npm start` puts it, so that it stays in no history. */
function takeKeyFromAddress(): string | undefined {
  const key = keyInAddress(location.hash);
  if (key === undefined) return undefined;
  sessionStorage.setItem(STORED_KEY, key);
  forgetFragment();
  return key;
}

/** Takes note of a person who comes back from the provider. @returns why they are not signed in, where they are not */
function takeReturnFromAddress(): SignInFailure | undefined {
  const outcome = signInReturn(location.hash);
  if (outcome === undefined) return undefined;
  forgetFragment();
  if (outcome !== "signed-in") return outcome;
  store({ kind: "person" });
  return undefined;
}

const forgetFragment = () => {
  history.replaceState(null, "", location.pathname + location.search);
};

function storedAccess(): Access | undefined {
  const key = takeKeyFromAddress() ?? sessionStorage.getItem(STORED_KEY);
  if (key !== null) return { kind: "key", key };
  return localStorage.getItem(SIGNED_IN) === null ? undefined : { kind: "person" };
}

function store(access: Access | undefined): void {
  if (access?.kind === "key") sessionStorage.setItem(STORED_KEY, access.key);
  else sessionStorage.removeItem(STORED_KEY);
  if (access?.kind === "person") localStorage.setItem(SIGNED_IN, "yes");
  else if (!access) localStorage.removeItem(SIGNED_IN);
}

/** A key is this tab's and forgotten when it is closed; a person's session is the browser's, until it ends. */
export function useSession() {
  const queries = useQueryClient();
  const [failure] = useState(takeReturnFromAddress); // before what is stored is looked at
  const [access, setAccess] = useState(storedAccess);
  const change = useCallback(
    (next: Access | undefined) => {
      store(next);
      queries.clear(); // what another one was allowed to see
      setAccess(next);
    },
    [queries],
  );
  const signOut = useCallback(() => {
    change(undefined);
  }, [change]);
  useEffect(() => {
    const onHashChange = () => {
      const key = takeKeyFromAddress();
      if (key !== undefined) change({ kind: "key", key });
    };
    addEventListener("hashchange", onHashChange);
    return () => removeEventListener("hashchange", onHashChange);
  }, [change]);
  return { access, failure, signIn: change, signOut };
}
