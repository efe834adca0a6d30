import type { X509Certificate } from 'node:crypto';
import type { z } from 'zod';
import { err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import type { ApiConfig, UpstreamConfig } from './config.ts';
import { absolute } from './path.ts';
import { placeAt } from './place-at.ts';
import { keyReference, privateKey } from './private-key.ts';
import { parsed, path, uniqueList } from './scalars.ts';
import { words } from './words.ts';

/** A key in use, one in reserve, and those of a few machines. */
const PIN_LIMIT = 10;
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const NAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** How an https upstream proves itself, and what it is shown. */
export const upstreamTlsKeys = {
  ca: path('The CAs that vouch for the upstream’s certificate, PEM, instead of those of the system.').optional(),
  cert: path('The certificate that the upstream is shown where it asks for one, PEM, with those above it.').optional(),
  key: privateKey('Its private key, PEM: a file, or `${file:PATH}` or `${env:NAME}`.').optional(),
  serverName: parsed(readServerName).optional().meta({
    title: 'name',
    description:
      'The name that the upstream’s certificate must have, and that it hears in the handshake, where that is not its host.',
  }),
  pins: uniqueList(parsed(readPin).meta({ title: 'pin' }), { least: 1, most: PIN_LIMIT, what: 'pin' })
    .optional()
    .meta({
      description:
        'Public keys that the upstream’s certificate may have, besides being vouched for: `sha256/` and the hash of the key (SPKI) in base64.',
    }),
};

type Raw = { readonly [Name in keyof typeof upstreamTlsKeys]?: z.output<(typeof upstreamTlsKeys)[Name]> };

/** Cert without key, and key without cert, say nothing. */
export function tellOfHalves({ cert, key }: Raw, context: z.RefinementCtx): void {
  if ((cert === undefined) === (key === undefined)) return;
  const [lacking, path] = cert === undefined ? ['cert', 'key'] : ['key', 'cert'];
  const message = words(`this says nothing without a \`${lacking}\` beside it`, 'give both, or none');
  context.addIssue({ code: 'custom', path: [path], message });
}

/** Makes paths absolute; `file` is the configuration file. */
export function toUpstreamTls(
  { ca, cert, key, serverName, pins }: Raw,
  file: string,
): Pick<UpstreamConfig, 'caFile' | 'identity' | 'serverName' | 'pins'> {
  const isWhole = cert !== undefined && key !== undefined;
  return {
    caFile: ca === undefined ? null : absolute(ca, file),
    identity: isWhole ? { certificate: absolute(cert, file), key: keyReference(key, file) } : null,
    serverName: serverName ?? null,
    pins: pins ?? [],
  };
}

/** What is said of TLS where the upstream is reached in clear. */
export function upstreamTlsIssues({ path: at, upstream }: ApiConfig, places: Readonly<Record<string, Place>>): Issue[] {
  if (upstream.scheme === 'https') return [];
  const said = {
    ca: upstream.caFile,
    cert: upstream.identity,
    serverName: upstream.serverName,
    pins: upstream.pins[0],
  };
  return Object.entries(said).flatMap(([key, value]) => {
    if (value === null || value === undefined) return [];
    const path = `${at}.upstream.${key}`;
    const place = placeAt(places, path);
    const fix = `give the target an https URL, or take \`${key}\` away`;
    return [errorIssue(path, 'plain http has no certificate that this could be about', { place, fix })];
  });
}

/** Why a certificate is none that an upstream could be shown; null where it is. Without the time, its end is not looked at. */
export function checkShown(leaf: X509Certificate, nowMs: number | null): Result<void, string> {
  // Node types a list, and gives undefined where the extension is missing; then any purpose is fine (RFC 5280 §4.2.1.12).
  const purposes = leaf.keyUsage as readonly string[] | undefined;
  if (purposes !== undefined && !purposes.includes(CLIENT_AUTH))
    return err('holds a certificate that is not made for clients: its extended key usage lacks clientAuth');
  if (nowMs === null) return ok(undefined);
  const [from, to] = [leaf.validFromDate, leaf.validToDate];
  if (to.getTime() <= nowMs) return err(`holds a certificate that ended at ${to.toISOString()}`);
  return from.getTime() > nowMs ? err(`holds a certificate that begins at ${from.toISOString()}`) : ok(undefined);
}

function readServerName(value: string): Result<string, string> {
  const lower = value.toLowerCase();
  const isNumber = /^[0-9]+$/.test(lower.split('.').at(-1) ?? '');
  return NAME.test(lower) && !isNumber ? ok(lower) : err(words('this is no host name', 'such as orders.internal'));
}

function readPin(value: string): Result<string, string> {
  const hash = /^sha256\/([A-Za-z0-9+/]{43}=)$/.exec(value)?.[1];
  const isHash = hash !== undefined && Buffer.from(hash, 'base64').toString('base64') === hash;
  return isHash
    ? ok(hash)
    : err(words('a pin is sha256/ and 32 bytes in base64', 'docs/guide/mtls.md says how to get one'));
}
