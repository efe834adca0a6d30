import { err, type Place, type Result } from '../base/index.ts';
import { resolvePath } from '../config/index.ts';
import { type ToldCaller, toldCaller } from '../gateway/index.ts';
import type { BuiltConfiguration } from './configuration.ts';
import type { CommandContext } from './context.ts';
import { plain } from './terminal.ts';

/** What a token may have, and a line behind it. */
const TOKEN_LIMIT_BYTES = 16 * 1_024 + 2;

/** Reads the token of `--token`, a file, and says whom it would stand for. The error is in words, without the token. */
export async function readTokenCaller(
  name: string,
  { parsed, snapshot }: BuiltConfiguration,
  { ports, workingFolder }: CommandContext,
): Promise<Result<ToldCaller, string>> {
  const file = resolvePath(name, workingFolder);
  if (!file.ok) return err(`--token holds a path that ${file.error}`);
  const bytes = await ports.files.read(file.value, TOKEN_LIMIT_BYTES);
  if (!bytes.ok) return err(`the token can't be read: ${bytes.error.reason}`);
  const text = Buffer.from(bytes.value).toString('latin1').trim();
  const token = /^(?:Bearer|DPoP) +/i.test(text) ? text.slice(text.indexOf(' ')).trim() : text;
  return toldCaller(token, parsed.config.issuers, snapshot.roles);
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
    ['bound', confirmation === null ? 'to nothing' : `by ${confirmation.kind}`],
  ];
}

/** The same as data, without the claims of the token. */
export function tokenData({ issuer, principal }: ToldCaller): object {
  const { kind, subject, tenant, clientId, roles, scopes, attributes = {}, assurance, confirmation } = principal;
  const bound = confirmation?.kind ?? null;
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
