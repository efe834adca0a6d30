import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Callers, securedHead } from './callers.ts';
import { writeRequests } from './request-lines.ts';
import { requestOf } from './validate-loads.ts';

/** One of so many requests goes to the API that only observes. */
const OBSERVED_OF = 4;

/**
 * What most APIs need at once: tokens, rights, limits per user and per address, parameters and a JSON body of 1 KB held
 * against the document; the same API once more, where validation only observes; the ledger is required, and security
 * headers are on, as by default. Replies are not held against it, and there are no lists, conditions or CORS.
 */
export function configureEverything(upstreamPort: number, callers: Callers): string {
  const api = (name: string, more: string): string => `  ${name}:
    openapi: ./bench.openapi.yaml
    upstream: 'http://127.0.0.1:${upstreamPort}'
    auth: [bench]
    limit: [1000000/min per user, 1000000/s per address]
    ${more}
`;
  return `${securedHead(callers)}apis:
${api('orders', 'validate: requests')}${api('observed', 'basePath: /observed\n    validate: observe')}`;
}

/** The same callers; each request is a POST with a body. */
export async function withBodies(folder: string, callers: Callers): Promise<Callers> {
  const lines = (await readFile(callers.requestsFile, 'utf8')).trim().split('\n');
  const requestsFile = join(folder, 'everything.requests');
  const posts = lines.map((line, at) => {
    const [, token = ''] = line.split('\t');
    const path = `${at % OBSERVED_OF === 0 ? '/observed' : ''}/orders?notify=${at % 2 === 0}`;
    return { path, token, body: requestOf('body_1kb', at).body };
  });
  await writeRequests(requestsFile, posts);
  return { ...callers, requestsFile };
}

/** What `bench.openapi.yaml` says for this row. */
export const EVERYTHING_DESCRIPTION = `openapi: 3.1.0
info: { title: Everything, version: '1' }
paths:
  /orders:
    post:
      operationId: createOrder
      security: [{ oauth: ['orders:read'] }]
      parameters:
        - { name: notify, in: query, schema: { type: boolean } }
      requestBody:
        required: true
        content:
          application/json: { schema: { $ref: '#/components/schemas/Order' } }
      responses:
        '200': { description: The order }
components:
  schemas:
    Order:
      type: object
      additionalProperties: false
      required: [customer, currency, items]
      properties:
        customer: { type: integer, minimum: 1 }
        currency: { enum: [EUR, USD, GBP] }
        express: { type: boolean }
        note: { type: string, maxLength: 2000 }
        items:
          type: array
          minItems: 1
          maxItems: 50
          items:
            type: object
            additionalProperties: false
            required: [sku, count]
            properties:
              sku: { type: string, pattern: '^[A-Z]{2}-[0-9]{4}$' }
              count: { type: integer, minimum: 1, maximum: 99 }
              price: { type: number, minimum: 0 }
  securitySchemes:
    oauth:
      type: oauth2
      flows: { clientCredentials: { tokenUrl: 'https://id.bench.example/token', scopes: { 'orders:read': read } } }
`;
