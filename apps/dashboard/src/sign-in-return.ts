import { SIGN_IN_FAILURES, type SignInFailure } from "@mn316-fleet/contracts";

/**
 * How a browser comes back that signed in at an OpenID provider.
 * @param hash as `location.hash` has it
 * @returns undefined where it does not come from there
 */
export function signInReturn(hash: string): "signed-in" | SignInFailure | undefined {
  if (hash === "#signed-in") return "signed-in";
  return SIGN_IN_FAILURES.find((failure) => hash === `#sign-in=${failure}`);
}
