import { Inject, Injectable } from "@nestjs/common";
import type * as OpenidClient from "openid-client";
import type { Logger } from "pino";
import { LOGGER } from "../../platform/logging/nest-logger";
import { SETTINGS, type Settings } from "../../platform/settings/settings";
import type { OidcSettings } from "../../platform/settings/oidc-settings";
import { claimAt } from "./claimed-role";
import type { PendingSignIn } from "./pending-sign-in";

/** For each request to the provider. */
const TIMEOUT_S = 10;
/** What the provider says of itself is asked for anew after so long. */
const METADATA_MS = 3_600_000;
/** Where browsers come back to. */
export const CALLBACK_PATH = "/api/v1/session/oidc/callback";

/** What the provider says of a person, proved. */
export type Claims = { iss: string; sub: string } & Readonly<Record<string, unknown>>;

/** Why nobody is signed in: the provider does not do its part, or its answer proves nobody. */
export class OidcError extends Error {
  constructor(
    readonly reason: "provider" | "refused",
    message: string,
  ) {
    super(message);
  }
}

/** The OpenID provider of `FLEET_OIDC_ISSUER`: the authorization code flow with PKCE, state and nonce. */
@Injectable()
export class IdentityProvider {
  private readonly oidc: OidcSettings | undefined;
  private known: { configuration: Promise<OpenidClient.Configuration>; until: number } | undefined;

  constructor(
    @Inject(SETTINGS) { oidc }: Pick<Settings, "oidc">,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.oidc = oidc;
  }

  /** What people know it by; undefined where there is none. */
  get host(): string | undefined {
    return this.oidc?.issuer.host;
  }

  get settings(): OidcSettings {
    if (!this.oidc) throw new Error("There is no provider: ask for its host first.");
    return this.oidc;
  }

  /**
   * Begins a sign-in.
   * @returns where the browser goes, and what its answer is checked against
   * @throws OidcError where the provider does not answer
   */
  async begin(): Promise<{ url: URL; pending: PendingSignIn }> {
    const client = await library();
    const configuration = await this.configuration();
    const pending = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      codeVerifier: client.randomPKCECodeVerifier(),
    };
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: this.callback("").href,
      scope: this.settings.scope,
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(pending.codeVerifier),
      code_challenge_method: "S256",
    });
    return { url, pending };
  }

  /**
   * Turns what the browser brought back into what the provider says of the person. Checked are the state, the nonce, issuer,
   * audience, times and signature of the token; the code proves itself with the verifier.
   * @param search of the address that the browser came back to
   * @throws OidcError
   */
  async finish(search: string, { state, nonce, codeVerifier }: PendingSignIn): Promise<Claims> {
    const client = await library();
    const configuration = await this.configuration();
    try {
      const tokens = await client.authorizationCodeGrant(configuration, this.callback(search), {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: codeVerifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims() as Claims;
      const isComplete = claimAt(claims, this.settings.roleClaim) !== undefined;
      if (isComplete || configuration.serverMetadata().userinfo_endpoint === undefined) return claims;
      // Many providers put roles and names into the token only where they are asked to, and tell them here.
      return { ...(await client.fetchUserInfo(configuration, tokens.access_token, claims.sub)), ...claims };
    } catch (error) {
      throw this.classed(error);
    }
  }

  private callback(search: string): URL {
    return new URL(CALLBACK_PATH + search, this.settings.publicUrl);
  }

  private async configuration(): Promise<OpenidClient.Configuration> {
    const now = Date.now();
    if (!this.known || this.known.until <= now)
      this.known = { configuration: this.discover(), until: now + METADATA_MS };
    const { configuration } = this.known;
    try {
      return await configuration;
    } catch (error) {
      if (this.known.configuration === configuration) this.known = undefined; // asked anew the next time
      throw this.classed(error);
    }
  }

  private async discover(): Promise<OpenidClient.Configuration> {
    const client = await library();
    const { issuer, clientId, clientSecret } = this.settings;
    const [basic, post] = [client.ClientSecretBasic(clientSecret), client.ClientSecretPost(clientSecret)];
    return client.discovery(
      issuer,
      clientId,
      undefined,
      (server, metadata, body, headers) => {
        const methods = server.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
        (methods.includes("client_secret_basic") ? basic : post)(server, metadata, body, headers);
      },
      {
        timeout: TIMEOUT_S,
        execute: [
          // TLS to the provider would be proof enough; the signature costs little and holds behind proxies, too.
          client.enableNonRepudiationChecks,
          // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to stand out; the settings allow it on this machine alone
          ...(issuer.protocol === "http:" ? [client.allowInsecureRequests] : []),
        ],
      },
    );
  }

  /** What the provider answered is for the log and the audit trail: a browser learns the kind of it alone. */
  private classed(error: unknown): OidcError {
    const { code, error: said, error_description: described, cause, message } = error as ProviderError;
    const detail = [code, said, described, message, (cause as Error | undefined)?.message].filter(Boolean).join(": ");
    // What has neither of the two words for an error is no answer at all.
    const isProviders =
      (code ?? said) === undefined || NOT_THE_PERSONS.has(code ?? "") || NOT_THE_PERSONS.has(said ?? "");
    this.logger.warn({ reason: detail }, "a sign-in at the OpenID provider failed");
    return new OidcError(isProviders ? "provider" : "refused", detail.slice(0, 512));
  }
}

interface ProviderError extends Error {
  code?: string;
  error?: string;
  error_description?: string;
}

/** The provider does not answer, or not as one, or it does not know this server. */
const NOT_THE_PERSONS = new Set([
  ...[
    "OAUTH_TIMEOUT",
    "OAUTH_ABORT",
    "OAUTH_RESPONSE_IS_NOT_CONFORM",
    "OAUTH_RESPONSE_IS_NOT_JSON",
    "OAUTH_PARSE_ERROR",
  ],
  ...["OAUTH_MISSING_SERVER_METADATA", "OAUTH_INVALID_SERVER_METADATA", "OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED"],
  ...["invalid_client", "unauthorized_client", "server_error", "temporarily_unavailable"],
]);

/** Loaded where it is asked for alone: most servers know no provider. */
const library = () => import("openid-client");
