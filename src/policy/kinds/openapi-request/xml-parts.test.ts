import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBody, parseMediaType } from '../../../body/index.ts';
import { type BodyJudge, compileBody, describeApi } from '../../../openapi/index.ts';
import { readJsonText, readXmlPart, schemaSource } from '../../description-source.ts';

const TYPE = 'multipart/form-data; boundary=b';

const LINE = { type: 'object', properties: { sku: { type: 'string', maxLength: 4 }, count: { type: 'integer' } } };
const HISTORY = {
  type: 'object',
  required: ['by'],
  properties: { by: { type: 'string' }, step: { type: 'array', items: { type: 'integer' } } },
};

const PROPERTIES = {
  title: { type: 'string' },
  history: HISTORY,
  order: { ...LINE, xml: { name: 'purchase', namespace: 'urn:o' } },
  line: { type: 'array', items: { ...LINE, xml: { name: 'item' } } },
  lines: { type: 'array', xml: { wrapped: true }, items: { ...LINE, xml: { name: 'item' } } },
  anything: { type: 'object' },
  either: {
    type: 'object',
    properties: {
      v: {
        anyOf: [
          { type: 'integer', maximum: 5 },
          { type: 'string', minLength: 3 },
        ],
      },
    },
  },
  text: { type: 'string' },
};

const XML = { contentType: 'application/xml' };
const ENCODING = {
  ...{ history: { contentType: 'application/xml, application/json' }, order: { contentType: 'text/xml' } },
  ...{ line: XML, lines: XML, anything: { contentType: 'application/vnd.acme+xml' }, either: XML },
  text: { contentType: 'text/xml, text/plain' },
};

function judgeOf(
  properties: object = PROPERTIES,
  encoding: object = ENCODING,
  schemas = {},
  openapi = '3.1.0',
): BodyJudge {
  const content = { 'multipart/form-data': { schema: { type: 'object', properties }, encoding } };
  const responses = { 200: { description: 'fine' } };
  const paths = { '/': { post: { operationId: 'send', requestBody: { content }, responses } } };
  const document = { openapi, info: { title: 'Parts', version: '1' }, paths, components: { schemas } };
  const api = describeApi(document, () => null);
  assert.ok(api.ok, JSON.stringify(api));
  const described = api.value.operations[0]?.requestBody ?? null;
  const judge = compileBody(schemaSource(document), described, readJsonText, readXmlPart);
  assert.ok(judge.ok, JSON.stringify(judge));
  return judge.value;
}

type SentPart = readonly [name: string, text: string, contentType?: string | null];

/** What becomes of a form: its value as JSON, or why it is refused, and where. */
function verdictOf(judge: BodyJudge, ...parts: readonly SentPart[]): string | undefined {
  const written = parts.map(([name, text, contentType = 'application/xml']) => {
    const type = contentType === null ? '' : `Content-Type: ${contentType}\r\n`;
    return `--b\r\nContent-Disposition: form-data; name="${name}"\r\n${type}\r\n${text}\r\n`;
  });
  const body = parseBody(TYPE, Buffer.from(`${written.join('')}--b--\r\n`));
  const mediaType = parseMediaType(TYPE);
  assert.ok(body.ok && mediaType.ok, JSON.stringify(body));
  const fault = judge.whole(body.value, mediaType.value);
  if (fault === null) return JSON.stringify(judge.valueOf(body.value, mediaType.value));
  return 'violations' in fault ? `${fault.violations[0]?.pointer} ${fault.violations[0]?.message}` : fault.reason;
}

test('a part in XML becomes the value that its schema judges', () => {
  const judge = judgeOf();
  for (const [parts, verdict] of [
    [[['history', '<history><by>a</by><step>1</step></history>']], '{"history":{"by":"a","step":[1]}}'],
    [[['history', '{"by":"a"}', 'application/json']], '{"history":{"by":"a"}}'],
    [[['order', '<p:purchase xmlns:p="urn:o"><p:count>1</p:count></p:purchase>', 'text/xml']], '{"order":{"count":1}}'],
    [[['order', '<purchase xmlns="urn:o"><count>1</count></purchase>', null]], '{"order":{"count":1}}'],
    [
      [
        ['line', '<item><sku>a</sku></item>'],
        ['line', '<item/>'],
      ],
      '{"line":[{"sku":"a"},{}]}',
    ],
    [[['line', '<item/>']], '{"line":[{}]}'],
    [[['lines', '<lines><item/><item><count>2</count></item></lines>']], '{"lines":[{},{"count":2}]}'],
    [[['anything', '<anything a="b"><c/></anything>', 'application/vnd.acme+xml']], '{"anything":{"@a":"b","c":""}}'],
    [[['either', '<either><v>600</v></either>']], '{"either":{"v":"600"}}'],
    [[['text', '<any>', 'text/xml']], '{"text":"<any>"}'],
  ] as const) {
    assert.equal(verdictOf(judge, ...parts), verdict, JSON.stringify(parts));
  }
});

test('a part in XML that differs from its schema, or is none, is refused', () => {
  const judge = judgeOf();
  const none = 'is not XML that can be read in one way';
  for (const [parts, verdict] of [
    [[['history', '<history/>']], '/history must have the property `by`'],
    [[['history', '<history><by>a</by><step>x</step></history>']], '/history/step/0 must be a whole number'],
    [[['history', '<history><by>a</by><admin/></history>']], '/history has an element that is not described'],
    [[['history', '<other><by>a</by></other>']], '/history has a root element that is not the one described'],
    [[['history', '<history><by>a</by><by>b</by></history>']], '/history/by is sent more than once'],
    [[['history', '<!DOCTYPE history><history><by>a</by></history>']], `/history ${none}`],
    [[['history', '<history><by>a<!---->b</by></history>']], `/history ${none}`],
    [[['history', '<history><by>a</by>']], `/history ${none}`],
    [[['history', '']], `/history ${none}`],
    [[['history', '{"by":"a"}']], `/history ${none}`],
    [[['history', '<history><by>a</by></history>', 'text/xml']], '/history is of a content type that is not described'],
    [[['history', '<history><by>a</by></history>', null]], '/history is of a content type that is not described'],
    [[['order', '<purchase/>', 'text/xml']], '/order has a root element that is not the one described'],
    [[['order', '{"count":1}', 'text/xml']], `/order ${none}`],
    [[['line', '<lines><item/></lines>']], '/line has a root element that is not the one described'],
    [
      [
        ['line', '<item/>'],
        ['line', '<item><sku>abcde</sku></item>'],
      ],
      '/line/1/sku must have at most 4 characters',
    ],
    [
      [
        ['lines', '<lines/>'],
        ['lines', '<lines/>'],
      ],
      '/lines/0 must be an object',
    ],
    [[['either', '<either><v>60</v></either>']], '/either/v must be at most 5'],
  ] as const) {
    assert.equal(verdictOf(judge, ...parts), verdict, JSON.stringify(parts));
  }
});

test('XML is read only where the encoding says so, and the description has one reading of it', () => {
  const named = (name: string): object => ({ type: 'object', properties: {}, xml: { name } });
  const part = ['p', '<p/>'] as const;
  for (const [schema, encoding, verdict] of [
    [{ type: 'object', properties: {} }, {}, '/p is of a content type that is not described'],
    [
      { type: 'object', properties: {} },
      { p: { contentType: 'application/json' } },
      '/p is of a content type that is not described',
    ],
    [{ oneOf: [named('p'), named('q')] }, { p: XML }, '/p is described in a way the gateway cannot read'],
    [
      { type: 'object', properties: {}, xml: { attribute: true } },
      { p: XML },
      '/p is described in a way the gateway cannot read',
    ],
    [
      { type: 'object', properties: {} },
      { p: { contentType: 'application/*' } },
      '/p is of a content type that is not described',
    ],
    [{ type: 'string', format: 'binary' }, { p: XML }, '{"p":"<p/>"}'],
  ] as const) {
    assert.equal(verdictOf(judgeOf({ p: schema }, encoding), part), verdict, JSON.stringify([schema, encoding]));
  }
});

test('the root of a part goes by the name that an element of the property has', () => {
  const schemas = { Order: LINE };
  const properties = { order: { $ref: '#/components/schemas/Order' } };
  const judged = (openapi: string, text: string): string | undefined =>
    verdictOf(judgeOf(properties, { order: XML }, schemas, openapi), ['order', text]);
  const other = '/order has a root element that is not the one described';
  for (const openapi of ['3.0.4', '3.1.1']) {
    assert.equal(judged(openapi, '<order/>'), '{"order":{}}');
    assert.equal(judged(openapi, '<Order/>'), other);
  }
  assert.equal(judged('3.2.0', '<Order/>'), '{"order":{}}');
  assert.equal(judged('3.2.0', '<order/>'), other);
});

test('all XML of a form together is bounded as a body of XML is', () => {
  const judge = judgeOf({ p: { type: 'array', items: { type: 'object' }, xml: { name: 'x' } } }, { p: XML });
  const parts = (sizes: readonly number[]): readonly SentPart[] =>
    sizes.map((size) => ['p', `<p>${'<a/>'.repeat(size - 1)}</p>`]);
  assert.match(verdictOf(judge, ...parts([5_000, 5_000])) ?? '', /^\{/);
  assert.equal(verdictOf(judge, ...parts([5_000, 5_001])), '/p is not XML that can be read in one way');
  const attributes = `<p>${'<a b="" c=""/>'.repeat(3_333)}</p>`;
  assert.match(verdictOf(judge, ['p', attributes]) ?? '', /^\{/);
  assert.equal(verdictOf(judge, ['p', attributes], ['p', '<p/>']), '/p is not XML that can be read in one way');
});
