import { type Place, type Result } from '../base/index.ts';
import { type ToldCaller, toldCaller } from '../gateway/index.ts';
import type { BuiltConfiguration } from './configuration.ts';
import type { CommandContext } from './context.ts';
import { plain } from './terminal.ts';
import { readTokenInput } from './token-input.ts';

/** Reads the token of `--token` and says whom it would stand for. The error is in words, without the token. */
export async function readTokenCaller(
  name: string,
  { parsed, snapshot }: BuiltConfiguration,
  context: CommandContext,
): Promise<Result<ToldCaller, string>> {
  const token = await readTokenInput(name, context);
  if (!token.ok) return token;
  return toldCaller(token.value, parsed.config.issuers, snapshot.roles);
}

type Row = readonly [name: string, text: string];

/** Whom a token would stand for, and the line of the configuration that each part comes from. */
export function tokenRows({ issuer, principal }: ToldCaller, places: Readonly<Record<string, Place>>): readonly Row[] {
  const { kind, subject, tenant, clientId, roles, scopes, attributes, assurance, confirmation } = principal;
  const from = (key: string, standard: string): string => {
    const line = places[`${issuer.path}.claims.${key}`]?.line;
    return line === undefined ? ` (${standard})` : ` (line ${line})`;
  };
  const named = (all: readonly string[]): string => (all.length === 0 ? 'none' : all.map(plain).join(', '));
  const { acr, amr, authTimeMs } = assurance;
  const signedIn = authTimeMs === null ? 'at no time that is told' : new Date(authTimeMs).toISOString();
  return [
    ['token', 'NOT VERIFIED: nobody has looked at its signature, times and audience'],
    ['issuer', plain(issuer.name)],
    [kind, `${plain(subject)}${from('subject', 'sub')}`],
    [
      'roles',
      `${named(roles)}${from('roles', 'roles')}${issuer.claims.groups === undefined ? '' : `, groups${from('groups', '')}`}`,
    ],
    ...(principal.moreGroups === undefined
      ? []
      : [['groups', 'more than it holds: they are asked for, or it is refused'] as const]),
    ...(tenant === null ? [] : [['tenant', `${plain(tenant)}${from('tenant', '')}`] as const]),
    ...(clientId === null ? [] : [['client', plain(clientId)] as const]),
    ['scopes', scopes === null ? 'none, which narrows nothing' : `${named(scopes)}${from('scopes', 'scope or scp')}`],
    ...Object.entries(attributes ?? {}).map(
      ([name, value]): Row => [`attribute ${name}`, `${plain(JSON.stringify(value))}${from(`attributes.${name}`, '')}`],
    ),
    ['signed in', `${signedIn}, acr ${plain(acr ?? 'none')}, amr ${named(amr)}`],
    ['bound', confirmation === null ? 'to nothing' : `by ${boundTo(confirmation).join(' and ')}`],
  ];
}

/** What a token is bound to, by the names that it says it with (RFC 7800 §3.1). */
function boundTo(confirmation: ToldCaller['principal']['confirmation']): readonly string[] {
  if (confirmation === null) return [];
  const { key, certificate } = confirmation;
  return [...(key === null ? [] : ['jkt']), ...(certificate === null ? [] : ['x5t#S256'])];
}

/** The same as data, without the claims of the token. */
export function tokenData({ issuer, principal }: ToldCaller): object {
  const { kind, subject, tenant, clientId, roles, scopes, attributes = {}, assurance, confirmation } = principal;
  const bound = boundTo(confirmation);
  return {
    verified: false,
    issuer: issuer.name,
    kind,
    subject,
    tenant,
    clientId,
    roles,
    scopes,
    attributes,
    assurance,
    bound,
  };
}
