import { SaxesParser } from 'saxes';
import { parseBody, parseMediaType } from '../../src/body/index.ts';
import { compileBody, describeApi } from '../../src/openapi/index.ts';
import { valueOf } from '../system/value-of.ts';

/** Judges the value of this number, and says whether it holds. */
type Judge = (at: number) => boolean;

const ORDER_BYTES = 4 * 1024;

/** An order of 4 KB, in what most libraries write. */
function orderOf(at: number): Buffer {
  const head = `<?xml version="1.0" encoding="UTF-8"?>\n<order xmlns="urn:example:orders" id="${1000 + at}">\n  <customer>Ann</customer>\n`;
  let lines = '';
  for (let line = 0; head.length + lines.length < ORDER_BYTES - 120; line++) {
    lines += `    <line gift="${line % 2 === 0}">\n      <sku>BK-${1000 + line}</sku>\n      <count>${1 + (line % 9)}</count>\n      <price>${9 + line}.50</price>\n    </line>\n`;
  }
  return Buffer.from(`${head}  <lines>\n${lines}  </lines>\n</order>\n`);
}

const SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['customer', 'lines'],
  xml: { name: 'order', namespace: 'urn:example:orders' },
  properties: {
    id: { type: 'integer', minimum: 1, xml: { attribute: true } },
    customer: { type: 'string', maxLength: 100 },
    lines: {
      type: 'array',
      maxItems: 100,
      xml: { wrapped: true },
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['sku', 'count'],
        xml: { name: 'line' },
        properties: {
          gift: { type: 'boolean', xml: { attribute: true } },
          sku: { type: 'string', pattern: '^[A-Z]{2}-[0-9]{4}$' },
          count: { type: 'integer', minimum: 1, maximum: 99 },
          price: { type: 'number', minimum: 0 },
        },
      },
    },
  },
};

/**
 * Who judges orders of XML: we from the bytes, and a validator of the same schema on a value that is there already, and on
 * one that saxes reads from the bytes and code by hand makes, which knows the schema.
 */
export function xmlJudges(compile: (schema: object) => (value: unknown) => boolean): {
  readonly ours: Judge;
  readonly ajv_parsed: Judge;
  readonly ajv_bytes: Judge;
} {
  const document = {
    openapi: '3.1.0',
    info: { title: 'Orders', version: '1' },
    paths: {
      '/': {
        post: {
          requestBody: { content: { 'application/xml': { schema: SCHEMA } } },
          responses: { 200: { description: '' } },
        },
      },
    },
  };
  const described = valueOf(describeApi(document, () => null)).operations[0]?.requestBody ?? null;
  const judge = valueOf(compileBody({ document, specification: '3.1' }, described, () => undefined));
  const mediaType = parseMediaType('application/xml');
  if (!mediaType.ok) throw new Error(mediaType.error);
  const bodies = Array.from({ length: 16 }, (_, at) => orderOf(at));
  const values = bodies.map((body) => readBySaxes(body));
  const validate = compile(SCHEMA);
  return {
    ours: (at) => {
      const read = parseBody('application/xml', bodies[at % 16]!);
      return read.ok && judge.whole(read.value, mediaType.value) === null;
    },
    ajv_parsed: (at) => validate(values[at % 16]),
    ajv_bytes: (at) => validate(readBySaxes(bodies[at % 16]!)),
  };
}

function readBySaxes(body: Buffer): unknown {
  const parser = new SaxesParser({ xmlns: true });
  const lines: Record<string, unknown>[] = [];
  const order: Record<string, unknown> = { lines };
  let line = order;
  let text = '';
  parser.on('opentag', ({ local, attributes }) => {
    if (local === 'order') order['id'] = Number(attributes['id']?.value);
    if (local === 'line') lines.push((line = { gift: attributes['gift']?.value === 'true' }));
    text = '';
  });
  parser.on('text', (piece) => (text += piece));
  parser.on('closetag', ({ local }) => {
    if (local === 'customer') order['customer'] = text;
    if (local === 'sku') line['sku'] = text;
    if (local === 'count' || local === 'price') line[local] = Number(text);
  });
  parser.write(body.toString()).close();
  return order;
}
