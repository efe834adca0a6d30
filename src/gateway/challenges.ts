import { type Problem, problemStatus } from '../base/index.ts';
import type { ApiConfig } from '../config/compiled.ts';
import { type IssuerConfig, type Operation, type Principal, sessionChallenge } from '../policy/index.ts';
import type { CanonicalRequest } from '../wire/index.ts';
import { scopesOf } from './needed-scopes.ts';
import { metadataUrl } from './resource-place.ts';

/** A refusal as its challenges are made for: of which operation, and by which host. */
export interface Refused {
  readonly operation: Operation;
  readonly request: Pick<CanonicalRequest, 'host' | 'port'>;
  /** Whether a body may name other operations: then what was lacking need not be of this one. */
  readonly hasChildren: boolean;
  /** Who calls; null where that was not found out. */
  readonly principal: Pick<Principal, 'kind'> | null;
}

/** Refusals that say: come again with another credential, of whichever way. */
const ANY_WAY: readonly Problem['code'][] = ['unauthenticated', 'invalid-token', 'invalid-api-key'];

/**
 * What refusals of an API ask for (RFC 9110 §11.6.1). A policy says what is wrong with the credential of its kind. Here
 * every other way to sign in is named that the operation takes, and where tokens for it are had (RFC 9728 §5.1), with
 * the scope that is needed (RFC 6750 §3).
 */
export class Challenges {
  readonly #api: ApiConfig;
  readonly #issuers: readonly IssuerConfig[];

  constructor(api: ApiConfig, issuers: readonly IssuerConfig[]) {
    this.#api = api;
    this.#issuers = issuers;
  }

  /** The problem with all that its reply asks for; any other problem as it is. */
  complete(problem: Problem, refused: Refused): Problem {
    const status = problemStatus(problem.code);
    if (status !== 401 && status !== 403) return problem;
    const headers = problem.headers ?? [];
    const before = headers.flatMap(([name, value]) => (name === 'www-authenticate' ? [value] : []));
    if (status === 403 && before.length === 0) return problem;
    const said = before.filter((challenge) => !isOfTokens(challenge) || this.#asksForTokens(refused, status));
    // Each 401 has one (RFC 9110 §15.5.2).
    const asksAll = ANY_WAY.includes(problem.code) || (status === 401 && said.length < before.length);
    const ways = asksAll ? this.#waysOf(refused.operation, said) : [];
    const parameters = this.#tokenParameters(refused, status);
    const all = [...said, ...ways].map((challenge) =>
      isOfTokens(challenge) ? `${challenge}${parameters}` : challenge,
    );
    const others = headers.filter(([name]) => name !== 'www-authenticate');
    return { ...problem, headers: [...all.map((value) => ['www-authenticate', value] as const), ...others] };
  }

  /**
   * Policies that judge callers of all kinds ask for better tokens. Where no token is taken that would lead nowhere, and
   * with 403 it would tell who has shown a key or a certificate of a token that nobody has sent (RFC 6750 §3.1).
   */
  #asksForTokens({ operation, principal }: Refused, status: number): boolean {
    if (status === 403 && (principal?.kind === 'key' || principal?.kind === 'certificate')) return false;
    return this.#authOf(operation) === 'public' || this.#takersOf(operation).length > 0;
  }

  /** A challenge for each way of the operation that none is there for. */
  #waysOf(operation: Operation, said: readonly string[]): readonly string[] {
    const auth = this.#authOf(operation);
    if (auth === 'public') return [];
    const takers = this.#takersOf(operation);
    const schemes = [
      ...(takers.some(({ proof }) => proof !== 'dpop') ? ['Bearer'] : []),
      ...(takers.some(({ proof }) => proof === 'dpop' || proof === 'any') ? ['DPoP'] : []),
      ...(auth.includes('api-key') ? ['ApiKey'] : []),
    ];
    const missing = schemes.filter((scheme) => !said.some((challenge) => schemeOf(challenge) === scheme.toLowerCase()));
    // There is always one (RFC 9110 §15.5.2); a session and a certificate have no scheme that anybody registered.
    const asked = missing.length + said.length > 0 ? missing : auth.includes('session') ? [] : ['Certificate'];
    if (asked.length + said.length === 0) return [sessionChallenge(this.#api.name)];
    return asked.map((scheme) => `${scheme} realm="${this.#api.name}"`);
  }

  #authOf({ name }: Operation): ApiConfig['auth'] {
    const own = Object.hasOwn(this.#api.operations, name) ? this.#api.operations[name] : undefined;
    return own?.auth ?? this.#api.auth;
  }

  /** The issuers whose tokens an operation takes. */
  #takersOf(operation: Operation): readonly IssuerConfig[] {
    const auth = this.#authOf(operation);
    return auth === 'public' ? [] : this.#issuers.filter(({ name }) => auth.includes(name));
  }

  #tokenParameters({ operation, request, hasChildren }: Refused, status: number): string {
    const { metadata } = this.#api;
    if (this.#takersOf(operation).length === 0) return '';
    const scopes = status === 401 && metadata === null ? [] : scopesOf(operation, this.#api);
    const scope = scopes.length === 0 || (hasChildren && status === 403) ? '' : `, scope="${scopes.join(' ')}"`;
    return metadata === null ? scope : `${scope}, resource_metadata="${metadataUrl(this.#api, metadata, request)}"`;
  }
}

function schemeOf(challenge: string): string {
  return (challenge.split(' ', 1)[0] ?? '').toLowerCase();
}

function isOfTokens(challenge: string): boolean {
  const scheme = schemeOf(challenge);
  return scheme === 'bearer' || scheme === 'dpop';
}
