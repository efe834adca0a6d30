import type * as openIdClient from 'openid-client';
import type { TokenEndpointResponse } from 'openid-client';
import { err, ok, type Result } from '../base/index.ts';
import {
  type EarlierIdToken,
  fetchMetadata,
  type IdTokenDemand,
  issuerNames,
  type JsonReader,
  type KeyRow,
  readJwt,
  type VerifiedIdToken,
  verifyIdToken,
} from '../credential/index.ts';
import type { Clock, Egress } from '../ports/index.ts';
import { proofOf } from './client-proof.ts';
import { createProviderFetch } from './provider-call.ts';
import { type Configure, ProviderClient } from './provider-client.ts';
import { faultOf, type ProviderFault } from './provider-fault.ts';
import { type ProviderMetadata, readProviderMetadata } from './provider-metadata.ts';
import type { ProviderSettings } from './settings.ts';

/** The keys of issuers, which are kept elsewhere. */
export interface ProviderKeys {
  /** By thumbprint; empty where there are none. */
  rows(issuer: string): ReadonlyMap<string, KeyRow>;
  /**
   * Newer ones, where a token names one that is not there; null where asking is of no use now. Who signs in and who tells
   * of sign-outs have budgets of their own: anybody can send what looks like a logout token.
   */
  want(issuer: string, asker: 'sign-in' | 'logout'): Promise<void> | null;
}

/** What a provider is spoken to with. */
export interface ProviderPorts {
  readonly egress: Egress;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly readJson: JsonReader;
  readonly keys: ProviderKeys;
}

/** What is sent along when somebody begins to sign in. */
export interface Authorization {
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly maxAgeMs: number | null;
  readonly acrValues: readonly string[] | null;
}

/** What a provider gave, verified. Times are wall time in milliseconds. */
export interface Granted {
  readonly accessToken: string;
  /** When the access token ends; null where that is not said. */
  readonly accessEndsAtMs: number | null;
  /** Null where none was given: who refreshes keeps the one that there is. */
  readonly refreshToken: string | null;
  /** Null only where a refresh brought none. */
  readonly identity: { readonly text: string; readonly token: VerifiedIdToken } | null;
}

/** So long metadata is believed, and so long it serves while no newer can be had. */
const FRESH_MS = 60 * 60 * 1_000;
const STALE_MS = 24 * 60 * 60 * 1_000;
/**
 * Strangers can begin to sign in, and who comes back with a code needs calls too: so many requests are pushed at once.
 * Beyond it what is asked for goes by the browser, where the provider takes that: PKCE and nonce hold there as well.
 */
const PUSHES_AT_ONCE = 32;
/** Strangers can begin to sign in as often as they like: one that can't be reached is asked again only after this. */
const COOL_DOWN_MS = 5_000;

interface Known {
  readonly metadata: ProviderMetadata;
  readonly client: ProviderClient;
  readonly atMs: number;
}

/**
 * A provider, as we speak with it: openid-client says what OAuth and OpenID Connect want said, and verifies; what it
 * takes is verified once more by the verifier of the house, so that nothing counts which one of the two refuses.
 */
export class Provider {
  readonly settings: ProviderSettings;
  readonly #ports: ProviderPorts;
  #known: Known | null = null;
  #loading: Promise<Result<Known, ProviderFault>> | null = null;
  #pushing = 0;
  #failed: { readonly fault: ProviderFault; readonly untilMs: number } | null = null;

  constructor(settings: ProviderSettings, ports: ProviderPorts) {
    this.settings = settings;
    this.#ports = ports;
  }

  /** Where to send a browser that signs in (RFC 6749 §4.1.1, RFC 7636, RFC 9126). PKCE is always S256. */
  async authorize(asked: Authorization): Promise<Result<string, ProviderFault>> {
    const known = await this.#current();
    if (!known.ok) return known;
    const { metadata } = known.value;
    const { scopes, prompt, par, hostedDomains } = this.settings;
    const isOffered = metadata.pushed_authorization_request_endpoint !== undefined;
    if (!isOffered && par === 'required') return err(untrusted('it takes no pushed authorization requests'));
    if (par === 'off' && metadata.require_pushed_authorization_requests) {
      return err(untrusted('it takes only pushed authorization requests, which `par: off` forbids'));
    }
    const classes = this.#classes(asked.acrValues);
    if (classes?.length === 0) return err(UNMET);
    const client = await load();
    const parameters = new URLSearchParams({
      redirect_uri: asked.redirectUri,
      response_type: 'code',
      scope: scopes.join(' '),
      state: asked.state,
      nonce: asked.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(asked.verifier),
      code_challenge_method: 'S256',
    });
    if (prompt !== null) parameters.set('prompt', prompt);
    if (hostedDomains !== null) parameters.set('hd', hostedDomains.length === 1 ? (hostedDomains[0] ?? '') : '*');
    if (classes !== null) parameters.set('acr_values', classes.join(' '));
    if (asked.maxAgeMs !== null) parameters.set('max_age', String(Math.floor(asked.maxAgeMs / 1_000)));
    const { unsigned } = known.value.client;
    const isFree = this.#pushing < PUSHES_AT_ONCE;
    const mustPush = par === 'required' || metadata.require_pushed_authorization_requests;
    if (mustPush && !isFree) return err({ kind: 'unavailable', code: '', words: 'too many sign in at once' });
    if (!isOffered || par === 'off' || !isFree) return ok(client.buildAuthorizationUrl(unsigned, parameters).href);
    this.#pushing++;
    const pushed = await tried(() => client.buildAuthorizationUrlWithPAR(unsigned, parameters));
    this.#pushing--;
    return pushed.ok ? ok(pushed.value.href) : pushed;
  }

  /**
   * Exchanges the code that a browser brought back (RFC 6749 §4.1.3, OpenID Connect Core §3.1.3). `callback` is the
   * whole URL that it came to; `state` and `iss` (RFC 9207) are checked in it.
   */
  async exchange(callback: URL, asked: Authorization): Promise<Result<Granted, ProviderFault>> {
    const known = await this.#current();
    if (!known.ok) return known;
    const client = await load();
    const checks = {
      pkceCodeVerifier: asked.verifier,
      expectedState: asked.state,
      expectedNonce: asked.nonce,
      idTokenExpected: true,
      ...(asked.maxAgeMs === null ? {} : { maxAge: Math.floor(asked.maxAgeMs / 1_000) }),
    };
    const response = await tried(() =>
      known.value.client.signedByOne(callback.searchParams.get('iss'), (configuration) =>
        client.authorizationCodeGrant(configuration, callback, checks),
      ),
    );
    if (!response.ok) return response;
    const { nonce, maxAgeMs } = asked;
    const acrValues = this.#classes(asked.acrValues);
    const granted = await this.#granted(response.value, { nonce, maxAgeMs, acrValues, earlier: null });
    if (granted.ok && granted.value.identity === null) return err(untrusted('it gave no ID token'));
    return granted;
  }

  /** Refreshes (RFC 6749 §6, OpenID Connect Core §12). */
  async refresh(refreshToken: string, earlier: EarlierIdToken): Promise<Result<Granted, ProviderFault>> {
    const known = await this.#current();
    if (!known.ok) return known;
    const client = await load();
    const response = await tried(() =>
      known.value.client.signed(earlier.issuer, (configuration) =>
        client.refreshTokenGrant(configuration, refreshToken),
      ),
    );
    if (!response.ok) return response;
    return this.#granted(response.value, { nonce: null, maxAgeMs: null, acrValues: null, earlier });
  }

  /** The claims of userinfo (OpenID Connect Core §5.3), whose `sub` is that of the ID token. */
  async userinfo(
    accessToken: string,
    { issuer, subject }: Pick<VerifiedIdToken, 'issuer' | 'subject'>,
  ): Promise<Result<Readonly<Record<string, unknown>>, ProviderFault>> {
    const known = await this.#current();
    if (!known.ok) return known;
    if (known.value.metadata.userinfo_endpoint === undefined) return err(untrusted('it has no userinfo'));
    const client = await load();
    return tried(async () => ({
      ...(await known.value.client.signed(issuer, (configuration) =>
        client.fetchUserInfo(configuration, accessToken, subject),
      )),
    }));
  }

  /** Tells it that a refresh token is not needed any more (RFC 7009), where it can be told. */
  async revoke(refreshToken: string): Promise<Result<void, ProviderFault>> {
    const known = await this.#current();
    if (!known.ok) return known;
    if (known.value.metadata.revocation_endpoint === undefined) return ok(undefined);
    const client = await load();
    return tried(() =>
      client.tokenRevocation(known.value.client.unsigned, refreshToken, { token_type_hint: 'refresh_token' }),
    );
  }

  /** Where browsers sign out there too (RP-Initiated Logout 1.0 §2); null where that is not offered. */
  async endSessionUrl(idToken: string, returnTo: string): Promise<string | null> {
    const known = await this.#current();
    if (!known.ok || known.value.metadata.end_session_endpoint === undefined) return null;
    const client = await load();
    const parameters = { id_token_hint: idToken, post_logout_redirect_uri: returnTo };
    return client.buildEndSessionUrl(known.value.client.unsigned, parameters).href;
  }

  /** The classes of which a sign-in must be one: of those that are asked for only such as are taken at all; null for any. */
  #classes(asked: readonly string[] | null): readonly string[] | null {
    const { acrValues: taken } = this.settings;
    return asked === null || taken === null ? (asked ?? taken) : asked.filter((one) => taken.includes(one));
  }

  async #granted(
    response: TokenEndpointResponse,
    demand: Omit<IdTokenDemand, 'accessToken'>,
  ): Promise<Result<Granted, ProviderFault>> {
    const { access_token: accessToken, refresh_token: refreshToken, id_token: text, expires_in: seconds } = response;
    const atMs = this.#ports.clock.now();
    const shared = {
      accessToken,
      accessEndsAtMs: seconds === undefined || !Number.isFinite(seconds) ? null : atMs + Math.max(0, seconds) * 1_000,
      refreshToken: refreshToken ?? null,
    };
    if (text === undefined) return ok({ ...shared, identity: null });
    const token = await this.#verified(text, { ...demand, accessToken });
    return token.ok ? ok({ ...shared, identity: { text, token: token.value } }) : token;
  }

  async #verified(text: string, demand: IdTokenDemand): Promise<Result<VerifiedIdToken, ProviderFault>> {
    const { clock, keys, readJson } = this.#ports;
    const read = readJwt(text, readJson);
    if (!read.ok) return err(untrusted(`its ID token is refused: ${read.error}`));
    const judge = (): ReturnType<typeof verifyIdToken> =>
      verifyIdToken(read.value, this.settings, demand, { rows: keys.rows(this.settings.name), nowMs: clock.now() });
    let judged = judge();
    if (!judged.ok && judged.error === 'unknown-key') {
      await keys.want(this.settings.name, 'sign-in');
      judged = judge();
    }
    return judged.ok ? judged : err(untrusted(`its ID token is refused: ${judged.error}`));
  }

  /** What it says of itself. An old word serves while no newer can be had, and nobody waits for a newer one. */
  async #current(): Promise<Result<Known, ProviderFault>> {
    const nowMs = this.#ports.clock.monotonic();
    const known = this.#known;
    const ageMs = known === null ? Number.POSITIVE_INFINITY : nowMs - known.atMs;
    if (known !== null && ageMs < FRESH_MS) return ok(known);
    const usable = known !== null && ageMs < STALE_MS ? known : null;
    if (this.#failed !== null && nowMs < this.#failed.untilMs)
      return usable === null ? err(this.#failed.fault) : ok(usable);
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null;
    });
    return usable === null ? await this.#loading : ok(usable);
  }

  async #load(): Promise<Result<Known, ProviderFault>> {
    const { clock } = this.#ports;
    const loaded = await this.#discover();
    if (loaded.ok) this.#known = loaded.value;
    this.#failed = loaded.ok ? null : { fault: loaded.error, untilMs: clock.monotonic() + COOL_DOWN_MS };
    return loaded;
  }

  async #discover(): Promise<Result<Known, ProviderFault>> {
    const { egress, clock, readJson } = this.#ports;
    const { settings } = this;
    const found = await fetchMetadata(
      { issuer: settings.issuer, ca: settings.ca, tenant: tenantToAsk(settings) },
      egress,
    );
    if (!found.ok) return err({ kind: 'unavailable', code: '', words: found.error });
    const metadata = readProviderMetadata(found.value, settings);
    if (!metadata.ok) return err(untrusted(metadata.error));
    const client = await load();
    const proof = proofOf(client, settings, metadata.value);
    if (!proof.ok) return err(untrusted(proof.error));
    const { clientId, skewMs } = settings;
    const configure: Configure = (issuer, fetch) => {
      const configuration = new client.Configuration(
        { ...metadata.value, issuer },
        clientId,
        { [client.clockTolerance]: skewMs / 1_000 },
        proof.value,
      );
      configuration[client.customFetch] = fetch;
      // The signature is checked here too, not only by whom it came from (OpenID Connect Core §3.1.3.7, 6).
      client.enableNonRepudiationChecks(configuration);
      // An issuer on plain http is one on loopback: the configuration takes no other.
      if (issuer.startsWith('http:')) client.allowInsecureRequests(configuration);
      return configuration;
    };
    const fetch = createProviderFetch(egress, readJson, settings.ca);
    const spoken = new ProviderClient(client, { configure, fetch, readJson, clock, issuers: issuerNames(settings) });
    return ok({ metadata: metadata.value, client: spoken, atMs: clock.monotonic() });
  }
}

/** Loaded where a configuration signs people in, and nowhere else. */
function load(): Promise<typeof openIdClient> {
  return import('openid-client');
}

/** Those of Microsoft's tenants in which people have accounts of their own (`consumers`). */
const PERSONAL_TENANT = '9188040d-6c67-4c5b-b112-36a304b66dad';

/** Whom people are sent to who may be of one of several tenants: they are not asked for accounts that are not let in. */
function tenantToAsk({ tenants }: ProviderSettings): string {
  return tenants?.includes(PERSONAL_TENANT) === true ? 'common' : 'organizations';
}

/** As a provider says it that can't do what is asked (OpenID Connect Core Unmet Authentication Requirements §2). */
const UNMET: ProviderFault = {
  kind: 'refused',
  code: 'unmet_authentication_requirements',
  words: 'none of the classes that are asked for is one of its `acrValues`',
};

function untrusted(words: string): ProviderFault {
  return { kind: 'untrusted', code: '', words };
}

async function tried<T>(work: () => Promise<T>): Promise<Result<T, ProviderFault>> {
  try {
    return ok(await work());
  } catch (thrown) {
    return err(faultOf(thrown));
  }
}
