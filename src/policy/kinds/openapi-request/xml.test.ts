import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBody, parseMediaType } from '../../../body/index.ts';
import {
  type BodyJudge,
  compileBody,
  describeApi,
  requestWarnings,
  type Specification,
} from '../../../openapi/index.ts';
import { schemaSource } from '../../description-source.ts';

type Schema = Readonly<Record<string, unknown>>;

/** A description: the schema of a body, and what it may refer to. */
interface Described {
  readonly schema: Schema;
  readonly schemas?: Readonly<Record<string, Schema>>;
  readonly specification?: Specification;
  readonly mediaType?: string;
}

function documentOf({ schema, schemas = {}, specification = '3.1', mediaType = 'application/xml' }: Described): object {
  return {
    openapi: `${specification}.0`,
    info: { title: 'XML', version: '1' },
    paths: {
      '/': {
        post: {
          operationId: 'send',
          requestBody: { required: true, content: { [mediaType]: { schema } } },
          responses: { 200: { description: 'fine' } },
        },
      },
    },
    components: { schemas },
  };
}

function judgeOf(described: Described): BodyJudge {
  const document = documentOf(described);
  const api = describeApi(document, () => null);
  assert.ok(api.ok, JSON.stringify(api));
  const judge = compileBody(schemaSource(document), api.value.operations[0]?.requestBody ?? null, () => undefined);
  assert.ok(judge.ok, JSON.stringify(judge));
  return judge.value;
}

/** What becomes of a body: its value as JSON, or why it is refused, first of all where. */
function verdictOf(judge: BodyJudge, text: string, type = 'application/xml'): string | undefined {
  const mediaType = parseMediaType(type);
  const body = parseBody(type, Buffer.from(text));
  assert.ok(mediaType.ok && body.ok, `${text} ${JSON.stringify(body)}`);
  const fault = judge.whole(body.value, mediaType.value);
  if (fault !== null) {
    return 'violations' in fault ? `${fault.violations[0]?.pointer} ${fault.violations[0]?.message}` : fault.reason;
  }
  assert.ok(body.value.kind === 'xml');
  return JSON.stringify(judge.valueOf(body.value, mediaType.value));
}

/** Holds bodies to what becomes of them. */
function holds(described: Described, verdicts: Readonly<Record<string, string>>): void {
  const judge = judgeOf(described);
  for (const [text, verdict] of Object.entries(verdicts)) assert.equal(verdictOf(judge, text), verdict, text);
}

/** What `check` says of a description. */
function warningsOf(described: Described): readonly string[] {
  const document = documentOf(described);
  const api = describeApi(document, () => null);
  assert.ok(api.ok);
  return requestWarnings(document, api.value, () => null).map(({ message }) => message);
}

const ORDER: Schema = {
  type: 'object',
  xml: { name: 'order' },
  required: ['customer'],
  properties: {
    id: { type: 'integer', xml: { attribute: true } },
    customer: { type: 'string', maxLength: 20 },
    express: { type: 'boolean' },
    price: { type: 'number' },
    note: { type: ['string', 'null'], xml: { name: 'remark' } },
    tag: { type: 'array', maxItems: 2, items: { type: 'string' } },
    lines: {
      type: 'array',
      xml: { wrapped: true },
      items: {
        type: 'object',
        xml: { name: 'line' },
        properties: { sku: { type: 'string' }, count: { type: 'integer' } },
      },
    },
  },
};

test('elements and attributes become the value that a schema judges, typed by it', () => {
  holds(
    { schema: ORDER },
    {
      '<order id="7"><customer>Ann</customer></order>': '{"id":7,"customer":"Ann"}',
      '<order><price>1.50</price><express>true</express><customer>12</customer></order>':
        '{"price":1.5,"express":true,"customer":"12"}',
      '<order><tag>a</tag><customer/><tag>b</tag></order>': '{"tag":["a","b"],"customer":""}',
      '<order>\n <customer>a</customer>\n <lines>\n  <line><sku>x</sku><count>2</count></line>\n  <line/>\n </lines></order>':
        '{"customer":"a","lines":[{"sku":"x","count":2},{}]}',
      '<order><customer>a</customer><lines/></order>': '{"customer":"a","lines":[]}',
      '<order><customer>a</customer><remark>b</remark></order>': '{"customer":"a","note":"b"}',
      '<order xmlns:x="http://www.w3.org/2001/XMLSchema-instance"><customer>a</customer><remark x:nil="true"/></order>':
        '{"customer":"a","note":null}',
      '<order><!-- a word --><customer><![CDATA[<b>]]></customer></order>': '{"customer":"<b>"}',
    },
  );
});

test('what differs from its schema is refused, and so is what is not described', () => {
  holds(
    { schema: ORDER },
    {
      '<order/>': ' must have the property `customer`',
      '<other><customer>a</customer></other>': ' has a root element that is not the one described',
      '<order xmlns="urn:x"><customer>a</customer></order>': ' has a root element that is not the one described',
      '<order id="x"><customer>a</customer></order>': '/id must be a whole number',
      '<order id=" 7"><customer>a</customer></order>': '/id must be a whole number',
      '<order><customer>a</customer><express>1</express></order>': '/express must be true or false',
      '<order><customer>a</customer><price/></order>': '/price must be a number',
      '<order><customer>a</customer><customer>b</customer></order>': '/customer is sent more than once',
      '<order><customer>a</customer><admin>true</admin></order>': ' has an element that is not described',
      '<order admin="true"><customer>a</customer></order>': ' has an attribute that is not described',
      '<order customer="a"/>': ' has an attribute that is not described',
      '<order><id>7</id><customer>a</customer></order>': ' has an element that is not described',
      '<order><note>7</note><customer>a</customer></order>': ' has an element that is not described',
      '<order><customer>a</customer>text</order>': ' has text that is not described',
      '<order><customer a="b">a</customer></order>': '/customer has an attribute that is not described',
      '<order><customer>a<b/></customer></order>': '/customer has an element that is not described',
      '<order><customer>a</customer><tag>a</tag><tag>b</tag><tag>c</tag></order>': '/tag must have at most 2 items',
      '<order><customer>a</customer><lines><other/></lines></order>': '/lines has an element that is not described',
      '<order><customer>a</customer><lines a="b"/></order>': '/lines has an attribute that is not described',
      '<order><customer>a</customer><lines>x</lines></order>': '/lines has text that is not described',
      '<order><customer>a</customer><lines/><lines/></order>': '/lines is sent more than once',
      '<order><customer>a</customer><lines><line><count>x</count></line></lines></order>':
        '/lines/0/count must be a whole number',
      '<order><customer>a</customer><line/></order>': ' has an element that is not described',
      '<order><p:customer xmlns:p="urn:p">a</p:customer></order>': ' has an element that is not described',
      '<order xmlns:xi="http://www.w3.org/2001/XInclude"><customer>a</customer><xi:include href="/etc/passwd"/></order>':
        ' has an element that is not described',
      '<order xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:schemaLocation="u v"><customer>a</customer></order>':
        ' has an attribute that is not described',
      '<order xmlns:x="http://www.w3.org/2001/XMLSchema-instance"><customer x:nil="true"/></order>':
        '/customer has an attribute that is not described',
      '<order xmlns:x="http://www.w3.org/2001/XMLSchema-instance"><customer>a</customer><remark x:nil="true">b</remark></order>':
        '/note has an attribute that is not described',
      '<order xmlns:x="http://www.w3.org/2001/XMLSchema-instance"><customer>a</customer><remark x:nil="true" y="1"/></order>':
        '/note has an attribute that is not described',
      '<order><constructor>a</constructor><customer>a</customer></order>': ' has an element that is not described',
      '<order><__proto__>a</__proto__><customer>a</customer></order>': ' has an element that is not described',
    },
  );
});

test('namespaces count, and prefixes do not', () => {
  const schema = {
    type: 'object',
    xml: { name: 'a', namespace: 'urn:a' },
    properties: {
      b: { type: 'string' },
      c: { type: 'object', xml: { namespace: 'urn:c', prefix: 'c' }, properties: { d: { type: 'string' } } },
      e: { type: 'string', xml: { attribute: true, namespace: 'urn:e', prefix: 'e' } },
      f: { type: 'string', xml: { attribute: true } },
    },
  };
  const all = '{"e":"1","f":"2","b":"x","c":{"d":"y"}}';
  holds(
    { schema },
    {
      '<a xmlns="urn:a" xmlns:c="urn:c" xmlns:e="urn:e" e:e="1" f="2"><b>x</b><c:c><d>y</d></c:c></a>': all,
      '<p:a xmlns:p="urn:a" xmlns:e="urn:c" xmlns:c="urn:e" c:e="1" f="2"><p:b>x</p:b><e:c><p:d>y</p:d></e:c></p:a>':
        all,
      '<a xmlns="urn:a"><b xmlns="urn:b">x</b></a>': ' has an element that is not described',
      '<a xmlns="urn:a"><b xmlns="">x</b></a>': ' has an element that is not described',
      '<p:a xmlns:p="urn:a"><b>x</b></p:a>': ' has an element that is not described',
      '<a xmlns="urn:a"><c><d>y</d></c></a>': ' has an element that is not described',
      '<a xmlns="urn:a" e="1"/>': ' has an attribute that is not described',
      '<a xmlns="urn:a" xmlns:p="urn:a" p:f="1"/>': ' has an attribute that is not described',
      '<a xmlns="urn:A"/>': ' has a root element that is not the one described',
    },
  );
});

test('components name the root, references lead on, and circles end', () => {
  const schemas = {
    Node: {
      type: 'object',
      properties: { name: { type: 'string' }, node: { type: 'array', items: { $ref: '#/components/schemas/Node' } } },
    },
    Tree: { type: 'object', xml: { name: 'tree' }, properties: { top: { $ref: '#/components/schemas/Node' } } },
  };
  const Node = { $ref: '#/components/schemas/Node' };
  for (const specification of ['3.0', '3.1'] as const) {
    holds(
      { schema: Node, schemas, specification },
      {
        '<Node><name>a</name><node><node><name>b</name></node></node></Node>':
          '{"name":"a","node":[{"node":[{"name":"b"}]}]}',
        '<Node><Node/></Node>': ' has an element that is not described',
        '<Node><node><node><x/></node></node></Node>': '/node/0/node/0 has an element that is not described',
      },
    );
    holds(
      { schema: { $ref: '#/components/schemas/Tree' }, schemas, specification },
      {
        '<tree><top><name>a</name></top></tree>': '{"top":{"name":"a"}}',
        '<tree><Node/></tree>': ' has an element that is not described',
      },
    );
  }
});

test('what stands beside a reference counts from 3.1 on', () => {
  const schemas = { Name: { type: 'object', xml: { name: 'name' }, properties: { first: { type: 'string' } } } };
  const schema = {
    type: 'object',
    xml: { name: 'a' },
    properties: {
      n: { $ref: '#/components/schemas/Name', xml: { name: 'm' }, properties: { last: { type: 'string' } } },
    },
  };
  const undescribed = ' has an element that is not described';
  holds(
    { schema, schemas, specification: '3.0' },
    {
      '<a><name><first>x</first></name></a>': '{"n":{"first":"x"}}',
      '<a><name><last>x</last></name></a>': `/n${undescribed}`,
      '<a><m><first>x</first></m></a>': undescribed,
    },
  );
  holds(
    { schema, schemas, specification: '3.1' },
    {
      '<a><m><first>x</first><last>y</last></m></a>': '{"n":{"first":"x","last":"y"}}',
      '<a><name><first>x</first></name></a>': undescribed,
    },
  );
});

test('text that has elements in it is no value, and items have their namespace', () => {
  const schema = {
    type: 'object',
    xml: { name: 'a' },
    properties: {
      text: { type: 'string', xml: { nodeType: 'text' } },
      b: { type: 'string' },
      list: {
        type: 'array',
        xml: { nodeType: 'element' },
        items: { type: 'string', xml: { name: 'i', namespace: 'urn:i' } },
      },
    },
  };
  holds(
    { schema, specification: '3.2' },
    {
      '<a>x</a>': '{"text":"x"}',
      '<a> <b>y</b> </a>': '{"b":"y"}',
      '<a>x<b>y</b></a>': ' has text that is not described',
      '<a><b>y</b>x</a>': ' has text that is not described',
      '<a><list><i xmlns="urn:i">y</i></list></a>': '{"list":["y"]}',
      '<a><list><i>y</i></list></a>': '/list has an element that is not described',
    },
  );
});

test('from 3.2 on a reference is no node, and node types say what is one', () => {
  const schemas = {
    Book: {
      type: 'object',
      properties: {
        isbn: { type: 'string', xml: { nodeType: 'attribute' } },
        title: { type: 'string', xml: { nodeType: 'cdata' } },
      },
    },
    Shelf: {
      type: 'object',
      properties: {
        books: { type: 'array', xml: { nodeType: 'element' }, items: { $ref: '#/components/schemas/Book' } },
        first: { $ref: '#/components/schemas/Book' },
      },
    },
  };
  const schema = { $ref: '#/components/schemas/Shelf' };
  holds(
    { schema, schemas, specification: '3.2' },
    {
      '<Shelf><books><Book isbn="1">A</Book><Book/></books></Shelf>':
        '{"books":[{"isbn":"1","title":"A"},{"title":""}]}',
      '<Shelf><Book isbn="1"><![CDATA[A]]></Book></Shelf>': '{"first":{"isbn":"1","title":"A"}}',
      '<Shelf><first isbn="1"/></Shelf>': ' has an element that is not described',
      '<Shelf><books>A</books></Shelf>': '/books has text that is not described',
    },
  );
});

test('lists are wrapped or not, and named as the versions have it', () => {
  const list = (xml: object | undefined, items: object): Schema => ({
    type: 'object',
    xml: { name: 'zoo' },
    properties: {
      animals: { type: 'array', ...(xml === undefined ? {} : { xml }), items: { type: 'string', ...items } },
    },
  });
  for (const [xml, items, inside] of [
    [undefined, {}, '<animals>a</animals><animals>b</animals>'],
    [undefined, { xml: { name: 'animal' } }, '<animal>a</animal><animal>b</animal>'],
    [{ name: 'aliens' }, { xml: { name: 'animal' } }, '<animal>a</animal><animal>b</animal>'],
    [{ wrapped: true }, {}, '<animals><animals>a</animals><animals>b</animals></animals>'],
    [{ wrapped: true }, { xml: { name: 'animal' } }, '<animals><animal>a</animal><animal>b</animal></animals>'],
    [{ wrapped: true, name: 'aliens' }, {}, '<aliens><aliens>a</aliens><aliens>b</aliens></aliens>'],
    [
      { wrapped: true, name: 'aliens' },
      { xml: { name: 'animal' } },
      '<aliens><animal>a</animal><animal>b</animal></aliens>',
    ],
  ] as const) {
    holds({ schema: list(xml, items), specification: '3.0' }, { [`<zoo>${inside}</zoo>`]: '{"animals":["a","b"]}' });
  }
});

test('what a text may be in two ways is tried in both', () => {
  const schema = {
    type: 'object',
    xml: { name: 'a' },
    properties: {
      v: {
        anyOf: [
          { type: 'integer', maximum: 5 },
          { type: 'string', minLength: 3 },
        ],
      },
    },
  };
  holds(
    { schema },
    {
      '<a><v>5</v></a>': '{"v":5}',
      '<a><v>600</v></a>': '{"v":"600"}',
      '<a><v>60</v></a>': '/v must be at most 5',
    },
  );
});

test('an object that says nothing takes anything, and one that is open takes more than it names', () => {
  const schema = {
    type: 'object',
    xml: { name: 'a' },
    properties: {
      any: { type: 'object' },
      open: {
        type: 'object',
        properties: { b: { type: 'string', xml: { attribute: true } } },
        additionalProperties: { type: 'integer' },
      },
    },
  };
  holds(
    { schema },
    {
      '<a><any x="1"><y>2</y><y><z/></y><p:q xmlns:p="u">t</p:q></any></a>':
        '{"any":{"@x":"1","y":["2",{"z":""}],"{u}q":"t"}}',
      '<a><any/></a>': '{"any":{}}',
      '<a><any> </any></a>': '{"any":{}}',
      '<a><any>text</any></a>': '/any must be an object',
      '<a><any>mixed <b/></any></a>': '{"any":{"b":"","#text":"mixed "}}',
      '<a><open b="x"><c>1</c><d>2</d></open></a>': '{"open":{"b":"x","c":1,"d":2}}',
      '<a><open><c>x</c></open></a>': '/open/c must be a whole number',
      '<a><open><b>1</b></open></a>': '/open has an element that is not described',
    },
  );
});

test('a description that can’t be read as XML is told, and refuses every body', () => {
  const named = (more: object): Schema => ({ xml: { name: 'a' }, ...more });
  const property = (p: object): Schema => named({ type: 'object', properties: { p } });
  const Cat = { type: 'object', xml: { name: 'cat' }, properties: { p: { type: 'string' } } };
  const schemas = { Cat, Dog: { ...Cat, xml: { name: 'dog' } } };
  const pets = [{ $ref: '#/components/schemas/Cat' }, { $ref: '#/components/schemas/Dog' }];
  for (const [schema, specification] of [
    [{ type: 'object', properties: { p: { type: 'string' } } }, '3.1'],
    [{ oneOf: pets }, '3.1'],
    [named({ oneOf: pets }), '3.1'],
    [property({ oneOf: pets }), '3.1'],
    [property({ type: ['string', 'array'] }), '3.1'],
    [property({ type: ['string', 'object'], properties: {} }), '3.1'],
    [property({ type: 'object', properties: {}, xml: { attribute: true } }), '3.1'],
    [property({ type: 'array', items: { type: 'array', items: {} } }), '3.1'],
    [property({ type: 'array', items: { type: 'string', xml: { attribute: true } } }), '3.1'],
    [property({ type: 'array', prefixItems: [{ type: 'string' }] }), '3.1'],
    [property({ type: 'string', xml: { nodeType: 'none' } }), '3.2'],
    [property({ type: 'string', xml: { nodeType: 'node' } }), '3.2'],
    [property({ type: 'string', xml: { nodeType: 'attribute', attribute: true } }), '3.2'],
    [property({ $ref: '#/components/schemas/Cat', xml: { nodeType: 'element' } }), '3.2'],
    [
      named({
        type: 'object',
        properties: {
          a: { type: 'string', xml: { nodeType: 'text' } },
          b: { type: 'string', xml: { nodeType: 'text' } },
        },
      }),
      '3.2',
    ],
    [
      named({ type: 'object', properties: { a: { type: 'string', xml: { name: 'b' } }, b: { type: 'string' } } }),
      '3.1',
    ],
    [named({ anyOf: [property({ type: 'string' }), property({ type: 'string', xml: { attribute: true } })] }), '3.1'],
    [named({ type: 'string', maxLength: 5, xml: { name: 'a', nodeType: 'text' } }), '3.2'],
  ] as const) {
    const described = { schema, schemas, specification };
    const what = JSON.stringify(schema);
    assert.match(warningsOf(described).join(), /^a body of `application\/xml` can't be held against this schema/, what);
    const judge = judgeOf(described);
    const mediaType = parseMediaType('application/xml');
    assert.ok(mediaType.ok);
    assert.equal(judge.announced(mediaType.value)?.reason, 'media-type-not-readable', what);
    assert.equal(verdictOf(judge, '<a><p>x</p></a>'), 'media-type-not-readable', what);
  }
  assert.deepEqual(warningsOf({ schema: ORDER }), []);
});

test('what is described as bytes or as any text passes as long as it is XML', () => {
  for (const schema of [{}, { type: 'string' }, { type: 'string', format: 'binary' }]) {
    assert.equal(verdictOf(judgeOf({ schema }), '<any><b c="d">e</b></any>'), undefined);
  }
  assert.ok(!parseBody('application/xml', Buffer.from('<!DOCTYPE a><a/>')).ok);
});

test('types of XML are told by their names, and other formats are not taken for it', () => {
  for (const type of [
    'application/xml',
    'text/xml',
    'application/soap+xml',
    'application/vnd.acme+xml; charset=utf-8',
  ]) {
    const judge = judgeOf({ schema: ORDER, mediaType: '*/*' });
    assert.equal(verdictOf(judge, '<order><customer>a</customer></order>', type), '{"customer":"a"}', type);
    assert.equal(verdictOf(judge, '<order/>', type), ' must have the property `customer`', type);
  }
});

const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/';

test('an envelope of SOAP is described as any other', () => {
  const schema = {
    type: 'object',
    xml: { name: 'Envelope', namespace: SOAP, prefix: 's' },
    required: ['Body'],
    properties: {
      Body: {
        type: 'object',
        xml: { namespace: SOAP, prefix: 's' },
        required: ['GetPrice'],
        properties: {
          GetPrice: { type: 'object', xml: { namespace: 'urn:shop' }, properties: { Item: { type: 'string' } } },
        },
      },
    },
  };
  const call = '<m:GetPrice xmlns:m="urn:shop"><m:Item>Apples</m:Item></m:GetPrice>';
  const twice = ' has an element that is not described';
  holds(
    { schema },
    {
      [`<S:Envelope xmlns:S="${SOAP}"><S:Body>${call}</S:Body></S:Envelope>`]:
        '{"Body":{"GetPrice":{"Item":"Apples"}}}',
      [`<S:Envelope xmlns:S="${SOAP}"><S:Header/><S:Body>${call}</S:Body></S:Envelope>`]: twice,
      [`<S:Envelope xmlns:S="${SOAP}"><S:Body>${call}</S:Body><S:Body>${call}</S:Body></S:Envelope>`]:
        '/Body is sent more than once',
      [`<S:Envelope xmlns:S="${SOAP}"><S:Body>${call}${call}</S:Body></S:Envelope>`]:
        '/Body/GetPrice is sent more than once',
    },
  );
});

test('where a schema is, and of what type a value is, passes only as it is described', () => {
  const namespace = 'http://www.w3.org/2001/XMLSchema-instance';
  const attribute = (more: object): Schema => ({
    type: 'string',
    xml: { attribute: true, namespace, prefix: 'xsi' },
    ...more,
  });
  const schemaLocation = attribute({ enum: ['urn:o orders.xsd'] });
  const schema = (properties: object): Schema => ({
    type: 'object',
    xml: { name: 'order', namespace: 'urn:o' },
    properties: { id: { type: 'integer' }, ...properties },
  });
  const order = (attributes: string): string =>
    `<order xmlns="urn:o" xmlns:x="${namespace}" ${attributes}><id>1</id></order>`;
  const undescribed = ' has an attribute that is not described';
  const foreign = order('x:schemaLocation="urn:o http://169.254.169.254/"');
  holds(
    { schema: schema({}) },
    {
      [order('')]: '{"id":1}',
      [order('x:schemaLocation="urn:o orders.xsd"')]: undescribed,
      [order('x:noNamespaceSchemaLocation="orders.xsd"')]: undescribed,
      [order('x:type="order"')]: undescribed,
      [order('x:nil="false"')]: undescribed,
    },
  );
  const judge = judgeOf({ schema: schema({ schemaLocation, type: attribute({ enum: ['order'] }) }) });
  assert.equal(
    verdictOf(judge, order('x:schemaLocation="urn:o orders.xsd"')),
    '{"schemaLocation":"urn:o orders.xsd","id":1}',
  );
  assert.match(verdictOf(judge, foreign) ?? '', /^\/schemaLocation must be /);
  assert.equal(verdictOf(judge, order('x:type="order"')), '{"type":"order","id":1}');
  assert.match(verdictOf(judge, order('x:type="admin"')) ?? '', /^\/type must be /);
  assert.equal(verdictOf(judge, order('schemaLocation="urn:o orders.xsd"')), undescribed);
  assert.equal(verdictOf(judge, order('x:noNamespaceSchemaLocation="orders.xsd"')), undescribed);
});

test('from 3.2 on a name counts where it stands by itself, and not beside a reference', () => {
  const schemas = {
    Plain: { type: 'object', properties: {} },
    Named: { type: 'object', xml: { name: 'said' }, properties: {} },
    Led: { $ref: '#/components/schemas/Named' },
  };
  const to = (name: string, more: object = {}): Schema => ({ $ref: `#/components/schemas/${name}`, ...more });
  const schema = {
    type: 'object',
    xml: { name: 'a' },
    properties: { p: to('Plain', { xml: { name: 'other' } }), q: to('Named'), r: to('Led', { xml: { name: 'x' } }) },
  };
  const one = (property: string): Schema => ({
    ...schema,
    properties: { [property]: (schema.properties as Readonly<Record<string, Schema>>)[property] as Schema },
  });
  const undescribed = ' has an element that is not described';
  for (const [property, name] of [
    ['p', 'Plain'],
    ['q', 'said'],
    ['r', 'said'],
  ] as const) {
    const judge = judgeOf({ schema: one(property), schemas, specification: '3.2' });
    for (const sent of ['p', 'q', 'r', 'Plain', 'Named', 'Led', 'said', 'other', 'x']) {
      const verdict = sent === name ? `{"${property}":{}}` : undescribed;
      assert.equal(verdictOf(judge, `<a><${sent}/></a>`), verdict, `${property} ${sent}`);
    }
  }
});
