import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ClientCertificate } from '../../../wire/index.ts';
import type { Exchange } from '../../exchange.ts';
import type { Operation } from '../../operation.ts';
import type { Principal } from '../../principal.ts';
import { createRoleTable } from '../../role-table.ts';
import { certificateSubject } from './certificate-name.ts';
import type { CertificateClients, CertificateEntry, MtlsConfig } from './config.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import verdicts from './golden/verdicts.json' with { type: 'json' };
import { createMtlsKind } from './kind.ts';

interface Golden {
  readonly name: string;
  readonly operation?: string;
  readonly certificate: Partial<ClientCertificate> | null;
  readonly headers?: readonly (readonly string[])[];
  readonly via?: readonly string[];
  readonly verdict: string;
}

/** Noon of a day in 2026. */
const NOW_MS = 1_780_315_200_000;

const PLAIN: ClientCertificate = {
  fingerprint256: '00:11',
  subject: 'CN=somebody',
  issuer: 'CN=CA',
  names: [],
  notAfterMs: NOW_MS + 1_000,
};

const entry = (match: string, more: Partial<CertificateEntry> = {}): CertificateEntry => ({
  ...{ match, issuer: null, subject: null, roles: [], scopes: null, tenant: null, path: `clients.${match}` },
  ...more,
});

const CLIENTS: CertificateClients = {
  subject: 'uri',
  unlisted: 'refuse',
  certificates: [
    entry('uri:spiffe://acme/billing', { roles: ['biller'], tenant: 'acme' }),
    entry('dns:*.partner.example', { roles: ['reader'] }),
    entry('sha256:aabb', { subject: 'batch', roles: ['reader'] }),
    entry('sha256:ccdd', { roles: ['reader'] }),
    entry('subject:O=Partner,CN=one', { issuer: 'CN=CA', roles: ['biller'] }),
  ],
};

const NOTHING = { authorization: false, fields: [], cookies: [], query: 'refuse' } as const;
const CONFIG: MtlsConfig = {
  clients: CLIENTS,
  api: { others: NOTHING, alone: true },
  operations: {
    mixed: { others: { ...NOTHING, authorization: true, fields: ['x-api-key'] }, alone: false },
    tokens: null,
  },
};

const ROLES = createRoleTable(
  [
    { name: 'biller', can: ['bills:write', 'bills:read'], includes: [] },
    { name: 'reader', can: ['bills:read'], includes: [] },
  ],
  ['bills:write', 'bills:read'],
);

function judge(
  { operation: name = 'plain', certificate, headers = [], via = [] }: Omit<Golden, 'name' | 'verdict'>,
  clients = CLIENTS,
) {
  const operation = { id: `bills/${name}`, api: 'bills', name } as Operation;
  const compiled = createMtlsKind().compile(
    { ...CONFIG, clients },
    { operations: [operation], roles: ROLES } as never,
    {} as never,
  );
  assert.ok(compiled.ok);
  const step = compiled.value.get(operation.id)?.authenticate;
  const all = (field: string): readonly string[] =>
    headers.flatMap(([one, value]) => (one === field ? [value ?? ''] : []));
  const client = certificate === null ? null : { ...PLAIN, ...certificate };
  const request = { headers: { get: (field: string) => all(field)[0] ?? null, all }, peer: { tls: { client }, via } };
  return step?.run({ operation, request, startedAtMs: NOW_MS } as unknown as Exchange) ?? 'no step';
}

function callerOf(certificate: Partial<ClientCertificate>, clients = CLIENTS): Principal {
  const verdict = judge({ certificate }, clients);
  assert.ok(verdict !== 'no step' && !(verdict instanceof Promise) && verdict.kind === 'identified');
  return verdict.principal;
}

function wordsOf(golden: Golden): string {
  const verdict = judge(golden);
  assert.ok(!(verdict instanceof Promise));
  if (verdict === 'no step') return verdict;
  if (verdict.kind === 'deny') return `${verdict.problem.code} ${verdict.rule}`;
  if (verdict.kind !== 'identified') return verdict.kind;
  const { issuer, subject, roles, tenant } = verdict.principal;
  return [issuer, subject, roles.join(), tenant ?? ''].join(' | ');
}

for (const [file, list] of Object.entries({ verdicts, bypass })) {
  for (const golden of list as readonly Golden[]) {
    test(`${file}: ${golden.name}: ${golden.verdict}`, () => assert.equal(wordsOf(golden), golden.verdict));
  }
}

test('a caller is what its entry says, until its certificate ends, and bound to it', () => {
  const scopes = ['bills:read'];
  const clients = { ...CLIENTS, certificates: [entry('uri:spiffe://acme/x', { roles: ['biller'], scopes })] };
  const caller = callerOf({ names: ['uri:spiffe://acme/x'], fingerprint256: 'FB:FF' }, clients);
  assert.deepEqual(
    [caller.kind, caller.clientId, caller.expiresAtMs],
    ['certificate', 'spiffe://acme/x', NOW_MS + 1_000],
  );
  assert.deepEqual(caller.confirmation, { key: null, certificate: '-_8' });
  assert.equal(caller.permissions.has(ROLES.permission('bills:read') ?? -1), true);
  assert.equal(caller.permissions.has(ROLES.permission('bills:write') ?? -1), false);
});

test('where no entry is needed a caller has no rights but that it is known', () => {
  const caller = callerOf({ names: ['uri:spiffe://acme/x'] }, { ...CLIENTS, unlisted: 'identify' });
  assert.deepEqual([caller.subject, caller.roles, caller.tenant], ['spiffe://acme/x', [], null]);
  assert.equal(caller.permissions.has(ROLES.permission('bills:read') ?? -1), false);
});

test('a session’s certificate is judged once', () => {
  const operation = { id: 'bills/plain', api: 'bills', name: 'plain' } as Operation;
  const compiled = createMtlsKind().compile(CONFIG, { operations: [operation], roles: ROLES } as never, {} as never);
  assert.ok(compiled.ok);
  const headers = { get: () => null, all: () => [] };
  const peer = { tls: { client: { ...PLAIN, names: ['uri:spiffe://acme/billing'] } }, via: [] };
  const exchange = { operation, request: { headers, peer }, startedAtMs: NOW_MS } as unknown as Exchange;
  const step = compiled.value.get(operation.id)?.authenticate;
  assert.equal(step?.run(exchange), step?.run(exchange));
});

test('the subject is the one name of a kind, the one common name, or the whole', () => {
  const of = (part: CertificateClients['subject'], subject: string, names: readonly string[] = []): string | null =>
    certificateSubject({ subject, names }, part);
  assert.equal(of('dn', 'O=Partner,CN=batch'), 'O=Partner,CN=batch');
  assert.equal(of('dn', ''), null);
  for (const [subject, name] of [
    ['O=Partner,CN=batch', 'batch'],
    ['CN=batch+OU=a', 'batch'],
    ['2.5.4.3=batch', 'batch'],
    ['CN=a\\,CN\\=root', 'a,CN=root'],
    ['CN=a\\+b', 'a+b'],
    ['CN=p\\C3\\A4r', 'pär'],
    ['CN=pär', 'pär'],
    ['CN=a\\\\,O=x', 'a\\'],
    ['O=a\\,CN=root', null],
    ['OCN=root', null],
    ['CN=one,CN=two', null],
    ['CN=one+CN=one', null],
    ['CN=', null],
    ['CN=#0C01', null],
    ['CN=a\\00b', null],
    ['CN=a\\FF', null],
    ['CN=a\\', null],
    ['', null],
  ] as const)
    assert.equal(of('cn', subject), name, subject);
  assert.equal(of('dns', 'CN=x', ['dns:a.example', 'uri:x:y']), 'a.example');
  assert.equal(of('dns', 'CN=x', ['dns:*.example']), null);
  assert.equal(of('dns', 'CN=x', ['dns:a.example', 'dns:b.example']), null);
  assert.equal(of('email', 'CN=x', ['email:ops@a.example']), 'ops@a.example');
  assert.equal(of('uri', 'CN=x', ['uri:']), null);
  assert.equal(of('uri', 'CN=x', [`uri:${'x'.repeat(1_025)}`]), null);
});

test('whatever a subject holds, one escaped common name is read as it was', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }), (text) => {
      fc.pre(text.isWellFormed() && !/[\x00-\x1f\x7f]/.test(text));
      const escaped = [...Buffer.from(text)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
      assert.equal(certificateSubject({ subject: `O=a,CN=${escaped}`, names: [] }, 'cn'), text);
    }),
  );
});

test('who has signed in by a token needs one that is bound to the certificate of the connection', () => {
  const operation = { id: 'bills/mixed', api: 'bills', name: 'mixed' } as Operation;
  const compiled = createMtlsKind().compile(CONFIG, { operations: [operation], roles: ROLES } as never, {} as never);
  assert.ok(compiled.ok);
  const step = compiled.value.get(operation.id)?.authorize;
  const judged = (confirmation: Principal['confirmation'], client: ClientCertificate | null, via: string[] = []) => {
    const request = { peer: { tls: { client }, via } };
    const verdict = step?.run({ principal: { confirmation }, request } as unknown as Exchange);
    assert.ok(verdict !== undefined && !(verdict instanceof Promise));
    return verdict.kind === 'deny' ? verdict.problem.code : verdict.kind;
  };
  const client = { ...PLAIN, fingerprint256: 'FB:FF' };
  assert.equal(judged({ key: null, certificate: '-_8' }, client), 'pass');
  assert.equal(judged({ key: null, certificate: '-_9' }, client), 'several-credentials');
  assert.equal(judged({ key: '-_9', certificate: '-_8' }, client), 'pass');
  assert.equal(judged({ key: '-_8', certificate: '-_9' }, client), 'several-credentials');
  assert.equal(judged({ key: '-_8', certificate: null }, client), 'several-credentials');
  assert.equal(judged(null, client), 'several-credentials');
  assert.equal(judged(null, null), 'pass');
  assert.equal(judged(null, client, ['10.0.0.1']), 'pass');
});
