import type { ClientTrustConfig, FileCertificateConfig, HttpsConfig, ServerConfig } from './config.ts';
import { type ChangeEffect, type ConfigChange, sameData } from './config-change.ts';

/** Of `server`, what can not change while a gateway runs: all but who may open a session. */
export function fixedServer(server: ServerConfig): unknown {
  const { port, certificate } = server.https;
  return { ...server, https: { port, certificate } };
}

/** What differs in who may open a session, and by which certificate: for hosts that are not named, and for each that is. */
export function clientChanges(before: HttpsConfig, after: HttpsConfig): readonly ConfigChange[] {
  const names = new Set([...after.hosts, ...before.hosts].map(({ name }) => name));
  return [
    ...floorChanges(before.acceptNodeBelowFloor, after.acceptNodeBelowFloor),
    ...trustChanges('all hosts that are not named', before.clients, after.clients),
    ...[...names].flatMap((name) => trustChanges(name, clientsOf(before, name), clientsOf(after, name))),
    ...[...names].flatMap((name) => certificateChanges(name, certificateOf(before, name), certificateOf(after, name))),
  ];
}

function floorChanges(before: boolean, after: boolean): readonly ConfigChange[] {
  if (before === after) return [];
  const change = { api: null, operation: null, about: 'authentication' } as const;
  return after
    ? [
        {
          ...change,
          effect: 'loosens',
          message: 'clients are judged by certificates though Node lacks a security release',
        },
      ]
    : [
        {
          ...change,
          effect: 'tightens',
          message: 'clients are judged by certificates only by a Node with its security releases',
        },
      ];
}

function clientsOf({ clients, hosts }: HttpsConfig, name: string): ClientTrustConfig | null {
  const own = hosts.find((host) => host.name === name);
  return own === undefined ? clients : own.clients;
}

function trustChanges(
  host: string,
  before: ClientTrustConfig | null,
  after: ClientTrustConfig | null,
): readonly ConfigChange[] {
  const tell = (effect: ChangeEffect, words: string): ConfigChange => ({
    api: null,
    operation: null,
    about: 'authentication',
    effect,
    message: `${host}: ${words}`,
  });
  if (before === null && after === null) return [];
  if (after === null) return [tell('loosens', 'clients need no certificate any more')];
  if (before === null) return [tell('tightens', 'clients need a certificate')];
  const changes: ConfigChange[] = [];
  if (before.caFile !== after.caFile) changes.push(tell('loosens', 'other CAs vouch for clients'));
  if (before.crlFile !== null && after.crlFile === null)
    changes.push(tell('loosens', 'certificates that were revoked count again'));
  else if (before.crlFile !== after.crlFile)
    changes.push(tell(before.crlFile === null ? 'tightens' : 'changes', 'other lists say what is revoked'));
  return [...changes, ...nameChanges(before.names, after.names, tell)];
}

function certificateOf({ hosts }: HttpsConfig, name: string): FileCertificateConfig | null {
  return hosts.find((host) => host.name === name)?.certificate ?? null;
}

function certificateChanges(
  host: string,
  before: FileCertificateConfig | null,
  after: FileCertificateConfig | null,
): readonly ConfigChange[] {
  if (sameData(before, after)) return [];
  const words =
    after === null
      ? 'clients see the certificate of the https port again'
      : `clients see ${before === null ? 'a certificate of its own' : 'another certificate'}`;
  return [{ api: null, operation: null, about: 'server', effect: 'changes', message: `${host}: ${words}` }];
}

type Tell = (effect: ChangeEffect, words: string) => ConfigChange;

function nameChanges(
  before: ClientTrustConfig['names'],
  after: ClientTrustConfig['names'],
  tell: Tell,
): readonly ConfigChange[] {
  if (sameData(before, after)) return [];
  if (after === null) return [tell('loosens', 'every name in a certificate counts')];
  if (before === null) return [tell('tightens', `only certificates of ${listed(after)} count`)];
  const added = after.filter((name) => !before.includes(name));
  const gone = before.filter((name) => !after.includes(name));
  return [
    ...(added.length > 0 ? [tell('loosens', `certificates of ${listed(added)} count too`)] : []),
    ...(gone.length > 0 ? [tell('tightens', `certificates of ${listed(gone)} no longer count`)] : []),
  ];
}

/** Nobody reads more in one line. */
const LISTED = 5;

function listed(names: readonly string[]): string {
  const more = names.length - LISTED;
  return names.slice(0, LISTED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
