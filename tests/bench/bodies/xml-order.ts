const ORDER_BYTES = 4 * 1024;

/** The order of this number, 4 KB, in what most libraries write. */
export function xmlOrderOf(at: number): Buffer {
  const head = `<?xml version="1.0" encoding="UTF-8"?>\n<order xmlns="urn:example:orders" id="${1000 + at}">\n  <customer>Ann</customer>\n`;
  let lines = '';
  for (let line = 0; head.length + lines.length < ORDER_BYTES - 120; line++) {
    lines += `    <line gift="${line % 2 === 0}">\n      <sku>BK-${1000 + line}</sku>\n      <count>${1 + (line % 9)}</count>\n      <price>${9 + line}.50</price>\n    </line>\n`;
  }
  return Buffer.from(`${head}  <lines>\n${lines}  </lines>\n</order>\n`);
}

/** Its schema. */
export const XML_SCHEMA = {
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

/** The document that describes it. */
export const XML_DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Orders', version: '1' },
  paths: {
    '/orders': {
      post: {
        requestBody: { content: { 'application/xml': { schema: XML_SCHEMA } } },
        responses: { 200: { description: 'taken' } },
      },
    },
  },
};
