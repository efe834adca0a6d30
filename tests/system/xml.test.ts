import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type RecordedGateway, startRecorded } from './sent-bodies.ts';

const ORDER = {
  type: 'object',
  xml: { name: 'order', namespace: 'urn:example:orders' },
  required: ['customer'],
  properties: {
    id: { type: 'integer', xml: { attribute: true } },
    customer: { type: 'string', maxLength: 20 },
    count: { type: 'integer', minimum: 1, maximum: 99 },
    line: { type: 'array', maxItems: 20_000, items: { type: 'string' } },
  },
};

const DESCRIPTION = {
  openapi: '3.1.1',
  info: { title: 'Orders', version: '1' },
  paths: {
    '/orders': {
      post: {
        operationId: 'createOrder',
        requestBody: {
          required: true,
          content: { 'application/xml': { schema: ORDER }, 'text/xml': { schema: ORDER } },
        },
        responses: { 200: { description: 'kept' } },
      },
    },
    '/anything': {
      post: {
        operationId: 'keep',
        requestBody: { required: true, content: { 'application/xml': {} } },
        responses: { 200: { description: 'kept' } },
      },
    },
  },
};

const CONFIGURATION = `apis:
  described:
    openapi: ./described.json
    upstream: 'UPSTREAM'
    auth: public
    operations:
      createOrder: { rules: ['!has(request.body.count) || request.body.count <= 10'] }
`;

let scene: RecordedGateway;

before(async () => {
  scene = await startRecorded(CONFIGURATION, { 'described.json': JSON.stringify(DESCRIPTION) });
});

after(() => scene?.stop());

const MALFORMED = '400 malformed-body';
const INVALID = '400 invalid-body';

function send(body: string | Buffer, { path = '/orders', type = 'application/xml' } = {}): Promise<string> {
  return scene.verdictOn({ path, body: Buffer.from(body as string), fields: [['Content-Type', type]] });
}

function order(inside: string, before = ''): string {
  return `${before}<order xmlns="urn:example:orders">${inside}</order>`;
}

test('XML as it is described reaches the upstream byte for byte', async () => {
  const plain = order(
    '\r\n <customer>Ann &amp; é</customer>\n <!-- x -->',
    '\ufeff<?xml version="1.0" encoding="utf-8"?>\n',
  );
  assert.equal(await send(plain), '200');
  assert.equal(await send(order('<customer>a</customer>'), { type: 'text/xml; charset=UTF-8' }), '200');
  const body = gzipSync(plain);
  const fields = [
    ['Content-Type', 'application/xml'],
    ['Content-Encoding', 'gzip'],
  ] as const;
  assert.equal(await scene.verdictOn({ path: '/orders', body, fields }, Buffer.from(plain)), '200');
});

test('nothing of XML that differs, is no XML, or breaks a condition reaches it', async () => {
  for (const [body, verdict] of [
    [order(''), INVALID],
    [order('<customer>a</customer><admin/>'), INVALID],
    [order('<customer>a</customer><count>x</count>'), INVALID],
    [order('<customer>a</customer><count>50</count>'), '400 rule-not-met'],
    ['<order><customer>a</customer></order>', INVALID],
    ['{"customer":"a"}', MALFORMED],
    [order('<customer>ad<!---->min</customer>'), MALFORMED],
    [order('<customer>&x;</customer>', '<!DOCTYPE order [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), MALFORMED],
    [Buffer.from(order('<customer>a</customer>'), 'utf16le'), MALFORMED],
    [order('<customer>a</customer>', '<?xml version="1.0" encoding="UTF-7"?>'), MALFORMED],
  ] as const) {
    assert.equal(await send(body), verdict, String(body));
  }
});

test('of XML that is not described nothing passes either that could be read in two ways', async () => {
  assert.equal(await send('<any a="b">c</any>', { path: '/anything' }), '200');
  for (const body of ['<!DOCTYPE a><a/>', '<a>&nope;</a>', '<a><?php x?></a>', '<a><b></a>']) {
    assert.equal(await send(body, { path: '/anything' }), MALFORMED, body);
  }
});

test('what is known to bring readers of XML down is refused in no time', async () => {
  const deep = '<a>'.repeat(200_000);
  const entities = Array.from({ length: 30 }, (_, at) => `<!ENTITY e${at + 1} "&e${at};&e${at};">`).join('');
  const began = performance.now();
  for (const body of [
    deep,
    `<!DOCTYPE a [<!ENTITY e0 "ha">${entities}]><a>&e30;</a>`,
    `<a ${Array.from({ length: 20_000 }, (_, at) => `b${at}=""`).join(' ')}/>`,
    order(`<customer>a</customer>${'<line/>'.repeat(15_000)}`),
    `<a b="${'&#65;'.repeat(400_000)}`,
    `<${'a'.repeat(1_000_000)}/>`,
    `<a>${'<![CDATA[x]]>'.repeat(100_000)}</a>`,
  ]) {
    assert.equal(await send(body, { path: '/anything' }), MALFORMED, body.slice(0, 40));
  }
  assert.ok(performance.now() - began < 10_000);
});
