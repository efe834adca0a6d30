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

/** An envelope of SOAP with one call in it; clients of Java send an empty `Header` beside. */
function envelopeOf(namespace: string): object {
  const part = { type: 'object', xml: { namespace, prefix: 'soap' } };
  const call = { type: 'object', xml: { namespace: 'urn:example:shop' }, required: ['Item'] };
  const calls = { GetPrice: { ...call, properties: { Item: { type: 'string', maxLength: 10 } } } };
  const Body = { ...part, minProperties: 1, maxProperties: 1, properties: calls };
  const Header = { ...part, additionalProperties: false };
  const xml = { name: 'Envelope', namespace, prefix: 'soap' };
  return { schema: { type: 'object', xml, required: ['Body'], properties: { Header, Body } } };
}

const SOAP_11 = 'http://schemas.xmlsoap.org/soap/envelope/';
const SOAP_12 = 'http://www.w3.org/2003/05/soap-envelope';

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
    '/soap': {
      post: {
        operationId: 'call',
        requestBody: {
          required: true,
          content: { 'text/xml': envelopeOf(SOAP_11), 'application/soap+xml': envelopeOf(SOAP_12) },
        },
        responses: { 200: { description: 'done' } },
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

/** Calls of SOAP as libraries write them, with the namespace of their envelope and the item that they ask for. */
const CLIENTS: Readonly<Record<string, (envelope: string, item: string) => string>> = {
  'zeep (Python)': (envelope, item) =>
    `<?xml version='1.0' encoding='utf-8'?>\n<soap-env:Envelope xmlns:soap-env="${envelope}"><soap-env:Body><ns0:GetPrice xmlns:ns0="urn:example:shop"><ns0:Item>${item}</ns0:Item></ns0:GetPrice></soap-env:Body></soap-env:Envelope>`,
  'WCF (.NET)': (envelope, item) =>
    `<s:Envelope xmlns:s="${envelope}"><s:Body xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><GetPrice xmlns="urn:example:shop"><Item>${item}</Item></GetPrice></s:Body></s:Envelope>`,
  'SAAJ (Java)': (envelope, item) =>
    `<SOAP-ENV:Envelope xmlns:SOAP-ENV="${envelope}"><SOAP-ENV:Header/><SOAP-ENV:Body><ns2:GetPrice xmlns:ns2="urn:example:shop"><ns2:Item>${item}</ns2:Item></ns2:GetPrice></SOAP-ENV:Body></SOAP-ENV:Envelope>`,
  'node-soap': (envelope, item) =>
    `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="${envelope}"  xmlns:tns="urn:example:shop"><soap:Body><tns:GetPrice><tns:Item>${item}</tns:Item></tns:GetPrice></soap:Body></soap:Envelope>`,
};

test('calls of SOAP get through as libraries write them, and are held to their description', async () => {
  for (const [client, write] of Object.entries(CLIENTS)) {
    for (const [type, envelope] of [
      ['text/xml; charset=utf-8', SOAP_11],
      ['application/soap+xml; charset=utf-8; action="urn:example:shop/GetPrice"', SOAP_12],
    ] as const) {
      const to = { path: '/soap', type };
      const call = write(envelope, 'Apples');
      assert.equal(await send(call, to), '200', client);
      assert.equal(await send(write(envelope, 'x'.repeat(11)), to), INVALID, client);
      assert.equal(await send(call.replaceAll('GetPrice', 'GetAll'), to), INVALID, client);
      assert.equal(await send(call.replaceAll('urn:example:shop', 'urn:example:admin'), to), INVALID, client);
      assert.equal(await send(write(envelope === SOAP_11 ? SOAP_12 : SOAP_11, 'Apples'), to), INVALID, client);
      const xml = call.replace(/^<\?.*?\?>\s*/, '');
      assert.equal(await send(`<!DOCTYPE x>${xml}`, to), MALFORMED, client);
    }
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
