import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { askOver, VERSIONS } from './possession-scene.ts';
import { startTokenScene, type TokenScene } from './token-scene.ts';

let scene: TokenScene;
const arrivals: string[] = [];

before(async () => {
  scene = await startTokenScene({
    threads: 1,
    upstream: (request, reply) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        arrivals.push(Buffer.concat(pieces).toString());
        reply.end('done');
      });
    },
    rest: (url) => `roles: { support: {}, admin: { includes: [support] } }
apis:
  orders:
    routes: ['POST /orders', 'PATCH /orders/{id}', 'POST /watched', 'POST /forms']
    upstream: '${url}'
    auth: [acme]
    errors: helpful
    operations:
      POST /orders: { accepts: { default: [amount, items.sku], support: ['+discount'] } }
      PATCH /orders/{id}: { accepts: { default: [amount], admin: ['*', -ownerId] } }
      POST /watched: { accepts: { default: [amount] }, observe: [accepts] }
      POST /forms: { accepts: { default: [amount, /user.name] } }
`,
  });
});

after(() => scene?.stop());

interface Sent {
  readonly path?: string;
  readonly method?: string;
  readonly roles?: readonly string[];
  readonly type?: string;
  readonly coding?: string;
  readonly body: string | Buffer;
  readonly more?: Readonly<Record<string, string>>;
}

for (const version of VERSIONS) {
  const outcome = async ({ path = '/orders', method = 'POST', roles = [], type, coding, body, more }: Sent) => {
    const { gateway, issuer } = scene;
    const headers = {
      host: `localhost:${gateway.https}`,
      authorization: `Bearer ${await issuer.tokenOf({ subject: 'ada', roles })}`,
      ...(type === '' ? {} : { 'content-type': type ?? 'application/json' }),
      ...(coding === undefined ? {} : { 'content-encoding': coding }),
      ...more,
    };
    const reply = await askOver({ version, port: gateway.https, ca: gateway.ca, path, method, headers, body });
    if (reply.status === 200) return '200';
    const { code, errors = [] } = JSON.parse(reply.body) as { code: string; errors?: { pointer: string }[] };
    return [reply.status, code, ...errors.map(({ pointer }) => pointer)].join(' ');
  };

  test(`${version}: a body with fields of the caller’s goes upstream as it came`, async () => {
    for (const [body, roles] of [
      ['{"amount": 5, "items": [{"sku": "A1"}]}', []],
      ['{"discount":5}', ['support']],
      ['{"discount":5}', ['admin']],
    ] as const) {
      assert.equal(await outcome({ body, roles }), '200', body);
      assert.equal(arrivals.at(-1), body);
    }
  });

  test(`${version}: a body with others never gets there, however it is written`, async () => {
    const before = arrivals.length;
    const cases: readonly (readonly [Sent, string])[] = [
      [{ body: '{"amount":5,"role":"admin"}' }, '403 field-not-allowed #/role'],
      [{ body: '{"discount":5}' }, '403 field-not-allowed #/discount'],
      [{ body: '{"items":[{"sku":"A"},{"\\u0070rice":0}]}' }, '403 field-not-allowed #/items/1/price'],
      [{ body: gzipSync('{"role":"admin"}'), coding: 'gzip' }, '403 field-not-allowed #/role'],
      [{ body: '{"amount":1}\n{"role":1}', type: 'application/x-ndjson' }, '403 field-not-allowed #/1/role'],
      [{ body: '{"amount":1,"amount":2}' }, '400 malformed-body'],
      [{ body: '{"amount":1' }, '400 malformed-body'],
      [{ body: `${'['.repeat(65)}${']'.repeat(65)}` }, '400 malformed-body'],
      [{ body: '{"amount":1}', type: 'application/json; charset=utf-16' }, '415 unsupported-media-type'],
      [{ body: '{"amount":1}', type: 'text/plain' }, '415 unsupported-media-type'],
      [{ body: '<amount>1</amount>', type: 'application/xml' }, '415 unsupported-media-type'],
      [{ body: '{"amount":1}', type: '' }, '415 unsupported-media-type'],
      [
        { path: '/forms', body: 'amount=1&user[role]=admin', type: 'application/x-www-form-urlencoded' },
        '403 field-not-allowed #/user%5Brole%5D',
      ],
      [
        { path: '/orders/7', method: 'PATCH', roles: ['admin'], body: '{"OwnerId":"eve"}' },
        '403 field-not-allowed #/OwnerId',
      ],
      [
        { path: '/orders/7', method: 'PATCH', roles: ['admin'], body: '{"$set":{"ownerId":"eve"}}' },
        '403 field-not-allowed #/%24set/ownerId',
      ],
      [
        {
          ...{ path: '/orders/7', method: 'PATCH', type: 'application/json-patch+json' },
          body: '[{"op":"copy","from":"/ownerId","path":"/amount"}]',
        },
        '403 field-not-allowed #/0/from',
      ],
    ];
    for (const [sent, expected] of cases) assert.equal(await outcome(sent), expected, String(sent.body));
    assert.equal(arrivals.length, before);
  });

  test(`${version}: what is only observed passes`, async () => {
    assert.equal(await outcome({ path: '/watched', body: '{"role":1}' }), '200');
    const form = { path: '/forms', body: 'amount=1&user.name=Ada', type: 'application/x-www-form-urlencoded' };
    assert.equal(await outcome(form), '200');
  });

  test(`${version}: another method than that of the request is refused, by field and by form`, async () => {
    const before = arrivals.length;
    const form = { path: '/forms', type: 'application/x-www-form-urlencoded' };
    assert.equal(await outcome({ ...form, body: 'amount=1&_method=DELETE' }), '400 method-override');
    assert.equal(await outcome({ ...form, path: '/watched', body: '_method=DELETE' }), '400 method-override');
    for (const name of ['x-http-method-override', 'X-HTTP-Method', 'x-method-override'])
      assert.equal(await outcome({ body: '{}', more: { [name]: 'DELETE' } }), '400 method-override', name);
    assert.equal(arrivals.length, before);
  });
}
