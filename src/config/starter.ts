import { parsePermission } from './roles.ts';

/** One API of a configuration that is written for somebody. */
export interface StarterApi {
  readonly name: string;
  readonly upstreamUrl: string;
  /** The OpenAPI document: a file or a URL. Without it everything is routed. */
  readonly openapi?: string;
  readonly basePath?: string;
  /** The scopes that its document names: those it takes to read, and the others. */
  readonly permissions?: StarterPermissions;
}

/** Scopes, each in one of the lists. */
export interface StarterPermissions {
  readonly read: readonly string[];
  readonly write: readonly string[];
}

/**
 * Who may call: everybody; whoever has a token of an issuer, whose scopes are the permissions; of one whose name is to
 * be filled in; or of the authorization server that runs beside the gateway for trying out, at `upstreamUrl`.
 */
export type StarterSignIn =
  | { readonly kind: 'public' }
  | { readonly kind: 'issuer'; readonly issuer: string; readonly audience: string }
  | { readonly kind: 'placeholder' }
  | {
      readonly kind: 'local';
      readonly issuer: string;
      readonly audience: string;
      readonly jwksUrl: string;
      readonly upstreamUrl: string;
    };

/** What a configuration is written from; what is left out has its default. */
export interface StarterOptions {
  readonly apis: readonly StarterApi[];
  readonly signIn: StarterSignIn;
  readonly ports?: { readonly https?: number; readonly http?: number | 'off'; readonly admin?: number };
  readonly dataFolder?: string;
  /** The address to listen on; loopback if left out. */
  readonly host?: string;
}

/** The role of the one client of the authorization server for trying out. */
export const LOCAL_ROLE = 'dev';

/** What stands where the author is to fill in an issuer; the name is nobody's (RFC 2606 §3). */
export const PLACEHOLDER = { issuer: 'https://id.example.com', audience: 'https://api.example.com' } as const;

const ISSUER_NAME = 'main';
const LOCAL_NAME = 'local';
/** Enough for people and programs at work; one caller alone can't keep an API busy. */
const LIMITS = { user: '1000/min per user', address: '3000/min per address' };
/** Where clients look for the metadata of an issuer, with its path behind (RFC 8414 §3.1). */
const METADATA_PATH = '/.well-known/oauth-authorization-server';
/** Tokens last an hour; whoever asks for more than one each second guesses secrets. */
const TOKEN_LIMIT = '60/min per address';

/**
 * The configuration that `portcullis protect` runs and `init` writes, with the defaults written out where people will
 * want to change them. The values are not judged here: the text goes through `parseConfig` like any other.
 */
export function starterConfig({ apis, signIn, ports = {}, dataFolder, host }: StarterOptions): string {
  const http = ports.http === 'off' ? 'off' : `{ port: ${ports.http ?? 8080} }`;
  return [
    `# Portcullis before ${apis.length === 1 ? 'one API' : `${apis.length} APIs`}.`,
    'version: 1',
    'server:',
    ...(host === undefined ? [] : [`  host: ${JSON.stringify(host)}`]),
    `  https: { port: ${ports.https ?? 8443}, certificate: local }`,
    `  http: ${http}`,
    `admin: { port: ${ports.admin ?? 9443} }`,
    `data: ${quote(dataFolder ?? './.portcullis')}`,
    ...issuerLines(signIn),
    ...roleLines(apis, signIn),
    'apis:',
    ...apis.flatMap((api) => apiLines(api, signIn)),
    ...(signIn.kind === 'local' ? localApiLines(signIn) : []),
    '',
  ].join('\n');
}

function issuerLines(signIn: StarterSignIn): readonly string[] {
  switch (signIn.kind) {
    case 'public':
      return [];
    case 'issuer':
      return [
        'issuers:',
        '  # Whose tokens are taken. Their scopes are the permissions that the OpenAPI document asks for.',
        `  ${ISSUER_NAME}:`,
        `    issuer: ${quote(signIn.issuer)}`,
        `    audience: ${quote(signIn.audience)}`,
        '    claims: { permissions: scope }',
      ];
    case 'placeholder':
      return [
        'issuers:',
        '  # FILL IN: your authorization server, as the `iss` of its tokens says it, and the `aud` of tokens for these APIs.',
        `  ${ISSUER_NAME}:`,
        `    issuer: ${PLACEHOLDER.issuer}`,
        `    audience: ${PLACEHOLDER.audience}`,
        '    # The claim with the roles of the caller. Where tokens carry permissions as scopes: { permissions: scope }',
        '    claims: { roles: roles }',
      ];
    case 'local':
      return [
        'issuers:',
        '  # The authorization server of this run, for trying out. It is gone when the gateway stops.',
        `  ${LOCAL_NAME}:`,
        `    issuer: ${quote(signIn.issuer)}`,
        `    audience: ${quote(signIn.audience)}`,
        '    algorithms: [ES256]',
        '    typ: at+jwt',
        `    jwks: ${quote(signIn.jwksUrl)}`,
      ];
  }
}

function roleLines(apis: readonly StarterApi[], { kind }: StarterSignIn): readonly string[] {
  if (kind === 'public' || kind === 'issuer') return [];
  const lines = apis.flatMap((api) => {
    const read = fit(api.permissions?.read ?? []);
    const write = fit(api.permissions?.write ?? []);
    return kind === 'local' ? localRole([...read, ...write]) : rolesOf(api.name, read, write);
  });
  if (lines.length === 0) return [];
  return [
    'roles:',
    '  # What the roles in tokens permit, from the scopes that the OpenAPI documents ask for.',
    ...lines,
  ];
}

function localRole(permissions: readonly string[]): readonly string[] {
  return permissions.length === 0 ? [] : [`  ${LOCAL_ROLE}: { can: ${list(permissions)} }`];
}

/** One role that may read, and one that may do all. */
function rolesOf(api: string, read: readonly string[], write: readonly string[]): readonly string[] {
  const reader = read.length === 0 ? [] : [`  ${api}-reader: { can: ${list(read)} }`];
  const includes = read.length === 0 ? '' : `includes: [${api}-reader], `;
  const writer = write.length === 0 ? [] : [`  ${api}-writer: { ${includes}can: ${list(write)} }`];
  return [...reader, ...writer];
}

/** What can't be a permission is told where the operation that asks for it is built. */
function fit(scopes: readonly string[]): readonly string[] {
  return [...new Set(scopes)].filter((scope) => parsePermission(scope).ok);
}

function list(texts: readonly string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(', ')}]`;
}

function apiLines({ name, upstreamUrl, openapi, basePath }: StarterApi, signIn: StarterSignIn): readonly string[] {
  const source =
    openapi === undefined
      ? ['    # Without an OpenAPI document, everything is routed.', "    routes: ['* /{rest...}']"]
      : [`    openapi: ${quote(openapi)}`];
  return [
    `  ${name}:`,
    ...source,
    ...(basePath === undefined ? [] : [`    basePath: ${quote(basePath)}`]),
    `    upstream: ${quote(upstreamUrl)}`,
    ...authLines(signIn),
    ...(openapi === undefined ? [] : ['    validate: requests']),
  ];
}

function authLines({ kind }: StarterSignIn): readonly string[] {
  if (kind === 'public') {
    return [
      '    # Open to everybody: the gateway checks requests, not who sends them.',
      '    auth: public',
      `    limit: [${LIMITS.address}]`,
    ];
  }
  const name = kind === 'local' ? LOCAL_NAME : ISSUER_NAME;
  return [`    auth: [${name}]`, `    limit: [${LIMITS.user}, ${LIMITS.address}]`];
}

/** Clients reach the authorization server as they reach the API, through the gateway. */
function localApiLines({ issuer, upstreamUrl }: Extract<StarterSignIn, { kind: 'local' }>): readonly string[] {
  const path = URL.parse(issuer)?.pathname ?? '/';
  return [
    `  ${path.slice(1)}:`,
    `    routes: [${JSON.stringify(`* ${path}/{rest...}`)}, ${JSON.stringify(`GET ${METADATA_PATH}${path}`)}]`,
    `    upstream: ${quote(upstreamUrl)}`,
    '    auth: public',
    `    limit: ${TOKEN_LIMIT}`,
  ];
}

/** A plain word stays one; all else is quoted as JSON, which YAML 1.2 reads as it stands. */
function quote(text: string): string {
  return (/^[A-Za-z./][A-Za-z0-9./_-]*$/.test(text) && !/^(?:null|true|false|~)$/i.test(text)) ||
    /^https?:\/\/[A-Za-z0-9.:/_-]*[A-Za-z0-9./_-]$/.test(text)
    ? text
    : JSON.stringify(text);
}
