import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, formatIssue, ok, Secret } from '../base/index.ts';
import { createObjectKind, EMPTY_DESK } from '../policy/index.ts';
import type { Files, Secrets } from '../ports/index.ts';
import { gather } from './gather.ts';
import { objectWarnings } from './object-checks.ts';
import { parseConfig } from './parse.ts';

const kinds = [createObjectKind({ clock: { now: () => 0, monotonic: () => 0 }, desk: EMPTY_DESK })];

function parse(lookup: string, allow = 'owner.id == principal.subject') {
  const text = `version: 1
issuers: { acme: { issuer: https://id.acme.example, audience: a, algorithms: [ES256] } }
apis:
  shop:
    routes: ['GET /orders/{id}']
    upstream: http://127.0.0.1:3001
    auth: [acme]
    operations:
      GET /orders/{id}: { object: { allow: ${allow}, lookup: ${lookup} } }
`;
  return parseConfig(text, { file: '/etc/portcullis.yaml', kinds });
}

function lookupOf(lookup: string) {
  const parsed = parse(lookup);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  const { operations } = parsed.value.config.apis[0] ?? assert.fail();
  return operations['GET /orders/{id}']?.access.object?.lookup ?? assert.fail('no lookup');
}

function complaints(lookup: string): string {
  const parsed = parse(lookup);
  return parsed.ok ? 'none' : parsed.error.map(formatIssue).join('\n');
}

const URL = 'https://o.example/orders/{params.id}';

test('a lookup is a URL with places in it, and has a cache, a timeout and CAs', () => {
  const plain = lookupOf(`{ url: '${URL}' }`);
  assert.deepEqual(plain.pieces, ['https://o.example/orders/', { names: ['params', 'id'], part: 'path' }]);
  assert.deepEqual([plain.cacheMs, plain.timeoutMs, plain.caFile, plain.secret], [5_000, 2_000, null, null]);
  const whole = lookupOf(
    `{ url: 'https://o.example/{principal.tenant}/x?id={request.query.id}&a=b', cache: 1m, timeout: 500ms, ca: ./ca.pem, secret: { header: Authorization, value: 'Bearer \${env:X}' } }`,
  );
  assert.deepEqual(whole.pieces, [
    'https://o.example/',
    { names: ['principal', 'tenant'], part: 'path' },
    '/x?id=',
    { names: ['request', 'query', 'id'], part: 'query' },
    '&a=b',
  ]);
  assert.deepEqual([whole.cacheMs, whole.timeoutMs, whole.caFile], [60_000, 500, '/etc/ca.pem']);
  assert.deepEqual(whole.secret, { field: 'authorization', before: 'Bearer ', reference: '${env:X}', after: '' });
});

test('what is no URL that could be asked is refused where it is written', () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    [`{ url: https://o.example/orders }`, /names nothing of a request/],
    [`{ url: 'https://{params.id}/x' }`, /url/],
    [`{ url: 'https://o.{params.id}/x' }`, /url/],
    [`{ url: 'ftp://o.example/{params.id}' }`, /url/],
    [`{ url: 'https://a:b@o.example/{params.id}' }`, /url/],
    [`{ url: 'https://o.example/../{params.id}' }`, /not in its plainest form/],
    [`{ url: 'https://o.example/%2e/{params.id}' }`, /must be encoded/],
    [`{ url: 'https://o.example/{params.id}#x' }`, /url/],
    [`{ url: 'https://o.example/{id}' }`, /these braces name nothing/],
    [`{ url: 'https://o.example/{params.id' }`, /a brace of its own/],
    [`{ url: '${URL}', cache: 6m }`, /cache/],
    [`{ url: '${URL}', timeout: 5s }`, /timeout/],
    [`{ url: '${URL}', method: POST }`, /method/],
    [`{ url: '${URL}', secret: { header: host, value: '\${env:X}' } }`, /only the gateway itself writes this field/],
    [`{ url: '${URL}', secret: { header: accept, value: '\${env:X}' } }`, /only the gateway itself writes this field/],
    [`{ url: 'http://o.example/{params.id}', secret: { header: x-key, value: '\${env:X}' } }`, /everybody on the way/],
  ];
  for (const [lookup, reason] of wrong) assert.match(complaints(lookup), reason, lookup);
  const written = complaints(`{ url: '${URL}', secret: { header: x-key, value: hunter2 } }`);
  assert.ok(written !== 'none' && !written.includes('hunter2'), written);
});

async function gathered(lookup: string, secret = 's3cret\n') {
  const parsed = parse(lookup);
  assert.ok(parsed.ok);
  const files = {
    read: async () =>
      await Promise.resolve(
        err({ kind: 'missing', detail: 'no such file', fix: null, reason: 'missing', message: 'no such file' }),
      ),
  };
  const secrets = { resolve: async () => await Promise.resolve(ok(new Secret(Buffer.from(secret)))) };
  return await gather(parsed.value, {
    ...{ kinds, files: files as unknown as Files, secrets: secrets as unknown as Secrets },
  } as unknown as Parameters<typeof gather>[1]);
}

test('secrets of lookups are gathered, and plain http to another machine is warned of', async () => {
  const secret = `secret: { header: x-key, value: '\${env:X}' }`;
  const fine = await gathered(`{ url: '${URL}', ${secret} }`);
  assert.ok(fine.ok, fine.ok ? '' : fine.error.map(formatIssue).join('\n'));
  assert.ok('${env:X}' in fine.value.secrets);
  const split = await gathered(`{ url: '${URL}', ${secret} }`, 'a\r\nx-admin: 1');
  assert.match(split.ok ? '' : split.error.map(formatIssue).join('\n'), /not one line of plain ASCII/);
  const clear = await gathered(`{ url: 'http://o.example/{params.id}' }`);
  assert.ok(clear.ok && clear.value.warnings.some(({ message }) => message.includes('over plain http')));
  const near = await gathered(`{ url: 'http://127.0.0.1/{params.id}' }`);
  assert.ok(near.ok && !near.value.warnings.some(({ message }) => message.includes('over plain http')));
  const lost = await gathered(`{ url: '${URL}', ca: ./ca.pem }`);
  assert.match(lost.ok ? '' : lost.error.map(formatIssue).join('\n'), /lookup\.ca/);
});

test('a rule names the caller also where its service is asked by who that is', () => {
  const parsed = parse(`{ url: 'https://o.example/{principal.subject}/{params.id}' }`, 'owner.isTheirs');
  assert.ok(parsed.ok);
  assert.deepEqual(objectWarnings(parsed.value.config, {}), []);
});
