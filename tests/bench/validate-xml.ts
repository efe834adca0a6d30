import { SaxesParser } from 'saxes';
import { parseBody, parseMediaType } from '../../src/body/index.ts';
import { compileBody, describeApi } from '../../src/openapi/index.ts';
import { valueOf } from '../system/value-of.ts';
import { XML_DOCUMENT, XML_SCHEMA, xmlOrderOf } from './bodies/xml-order.ts';

/** Judges the value of this number, and says whether it holds. */
type Judge = (at: number) => boolean;

/**
 * Who judges orders of XML: we from the bytes, and a validator of the same schema on a value that is there already, and on
 * one that saxes reads from the bytes and code by hand makes, which knows the schema.
 */
export function xmlJudges(compile: (schema: object) => (value: unknown) => boolean): {
  readonly ours: Judge;
  readonly ajv_parsed: Judge;
  readonly ajv_bytes: Judge;
} {
  const described = valueOf(describeApi(XML_DOCUMENT, () => null)).operations[0]?.requestBody ?? null;
  const judge = valueOf(compileBody({ document: XML_DOCUMENT, specification: '3.1' }, described, () => undefined));
  const mediaType = parseMediaType('application/xml');
  if (!mediaType.ok) throw new Error(mediaType.error);
  const bodies = Array.from({ length: 16 }, (_, at) => xmlOrderOf(at));
  const values = bodies.map((body) => readBySaxes(body));
  const validate = compile(XML_SCHEMA);
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
