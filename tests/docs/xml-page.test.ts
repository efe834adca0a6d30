import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBody, parseMediaType } from '../../src/body/index.ts';
import { compileBody, describeApi } from '../../src/openapi/index.ts';
import { blocksOf, pages } from './pages.ts';

const page = pages().find(({ path }) => path.endsWith('guide/xml.md'));

test('the envelope on the page on XML takes the message that it shows, and no other', () => {
  assert.ok(page !== undefined);
  const blocks = blocksOf(page);
  const written = blocks.find(({ info, text }) => info === 'json' && text.includes('"Envelope"'))?.text ?? '';
  const message = blocks.find(({ info }) => info === 'text')?.text ?? '';
  const passes = judgeOf(JSON.parse(written) as object);
  assert.ok(passes(message));
  for (const [part, other] of [
    ['<Count>3<', '<Count>300<'],
    ['urn:example:shop', 'urn:example:other'],
    ['</Order>', '</Order><Order xmlns="urn:example:shop"><Item>a</Item><Count>1</Count></Order>'],
    ['</Order>', '</Order><GetPrice xmlns="urn:example:shop"><Item>a</Item></GetPrice>'],
    ['<soap:Body>', '<soap:Header><Admin/></soap:Header><soap:Body>'],
    ['<soap:Body>', '<soap:Header>x</soap:Header><soap:Body>'],
    ['</soap:Body>', '</soap:Body><soap:Body/>'],
  ] as const) {
    assert.ok(message.includes(part));
    assert.ok(!passes(message.replace(part, other)), other);
  }
  assert.ok(passes(message.replace('<soap:Body>', '<soap:Header/><soap:Body>')));
});

test('the location of a schema on the page on XML is the only one that passes', () => {
  assert.ok(page !== undefined);
  const written = blocksOf(page).find(({ info, text }) => info === 'json' && text.includes('"schemaLocation"'))?.text;
  const properties = JSON.parse(written ?? '') as object;
  const passes = judgeOf({ type: 'object', xml: { name: 'orders', namespace: 'urn:example:orders' }, properties });
  const orders = (location: string): string =>
    `<orders xmlns="urn:example:orders" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ${location}/>`;
  assert.ok(passes(orders('xsi:schemaLocation="urn:example:orders orders.xsd"')));
  assert.ok(passes(orders('')));
  assert.ok(!passes(orders('xsi:schemaLocation="urn:example:orders http://127.0.0.1/orders.xsd"')));
  assert.ok(!passes(orders('xsi:noNamespaceSchemaLocation="orders.xsd"')));
});

function judgeOf(schema: object): (text: string) => boolean {
  const paths = {
    '/': { post: { requestBody: { content: { 'text/xml': { schema } } }, responses: { 200: { description: '' } } } },
  };
  const document = { openapi: '3.1.0', info: { title: 'Shop', version: '1' }, paths };
  const api = describeApi(document, () => null);
  assert.ok(api.ok);
  const judge = compileBody(
    { document, specification: '3.1' },
    api.value.operations[0]?.requestBody ?? null,
    () => undefined,
  );
  const mediaType = parseMediaType('text/xml');
  assert.ok(judge.ok && mediaType.ok);
  return (text) => {
    const body = parseBody('text/xml', Buffer.from(text));
    return body.ok && judge.value.whole(body.value, mediaType.value) === null;
  };
}
