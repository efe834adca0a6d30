const OPERATIONS_PER_RESOURCE = 5;

/**
 * An OpenAPI description with so many operations, as JSON text: five for each resource, with parameters, bodies and
 * replies by reference and a schema of its own for each resource, at some 1.6 KB an operation.
 */
export function growthDescription(operations: number): string {
  const resources = Math.ceil(operations / OPERATIONS_PER_RESOURCE);
  const paths: Record<string, unknown> = {};
  const schemas: Record<string, unknown> = { Problem: PROBLEM, Address: ADDRESS };
  for (let index = 0; index < resources; index++) {
    schemas[`Thing${index}`] = thing(index);
    const left = operations - index * OPERATIONS_PER_RESOURCE;
    Object.assign(paths, pathsOf(index, left));
  }
  return JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Growth', version: '1.0.0' },
    paths,
    components: { schemas, parameters: PARAMETERS, responses: RESPONSES, securitySchemes: SCHEMES },
  });
}

/** A path of the description's operation of this number that is found with GET, by the number of its resource. */
export function growthPath(index: number): string {
  return `/v1/area-${index % 50}/things-${index}/8f14e45f`;
}

function pathsOf(index: number, left: number): Record<string, unknown> {
  const list = `/v1/area-${index % 50}/things-${index}`;
  const security = [{ oauth: [`things-${index % 200}:read`] }];
  const id = { name: 'thingId', in: 'path', required: true, schema: { type: 'string', pattern: '^[0-9a-f]{8}$' } };
  const given = [
    [`${list}/{thingId}`, 'get', { parameters: [id], security, responses: replies(index) }],
    [list, 'get', { parameters: QUERY, security, responses: replies(index) }],
    [list, 'post', { requestBody: bodyOf(index), security, responses: replies(index) }],
    [`${list}/{thingId}`, 'put', { parameters: [id], requestBody: bodyOf(index), responses: replies(index) }],
    [`${list}/{thingId}`, 'delete', { parameters: [id], security, responses: replies(index) }],
  ] as const;
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [path, method, operation] of given.slice(0, left)) {
    const summary = `What ${method} does to one of the things of this kind, said at some length as authors do`;
    (paths[path] ??= {})[method] = {
      operationId: `${method}${path === list ? 's' : ''}${index}`,
      summary,
      ...operation,
    };
  }
  return paths;
}

const QUERY = [
  { $ref: '#/components/parameters/limit' },
  { $ref: '#/components/parameters/after' },
  { name: 'state', in: 'query', schema: { type: 'array', items: { enum: ['new', 'paid', 'sent'] } } },
];

function bodyOf(index: number): unknown {
  return {
    required: true,
    content: { 'application/json': { schema: { $ref: `#/components/schemas/Thing${index}` } } },
  };
}

function replies(index: number): unknown {
  const schema = { $ref: `#/components/schemas/Thing${index}` };
  return {
    200: { description: 'What was asked for', content: { 'application/json': { schema } } },
    default: { $ref: '#/components/responses/problem' },
  };
}

function thing(index: number): unknown {
  const text = { type: 'string', minLength: 1, maxLength: 200 };
  return {
    type: 'object',
    required: ['name', 'amount'],
    properties: {
      name: text,
      note: { ...text, description: 'Free words of whoever wrote them, for others who read them later' },
      amount: { type: 'integer', minimum: 0, maximum: 1_000 + index },
      state: { enum: ['new', 'paid', 'sent', `own-${index}`] },
      tags: { type: 'array', maxItems: 20, items: { ...text, pattern: '^[a-z-]+$' } },
      address: { $ref: '#/components/schemas/Address' },
      parts: {
        type: 'array',
        maxItems: 50,
        items: {
          type: 'object',
          properties: { id: { type: 'string', format: 'uuid' }, count: { type: 'integer', minimum: 1 } },
        },
      },
    },
  };
}

const ADDRESS = {
  type: 'object',
  properties: {
    street: { type: 'string' },
    city: { type: 'string' },
    country: { type: 'string', pattern: '^[A-Z]{2}$' },
  },
};

const PROBLEM = { type: 'object', properties: { type: { type: 'string' }, title: { type: 'string' } } };

const PARAMETERS = {
  limit: { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 100 } },
  after: { name: 'after', in: 'query', schema: { type: 'string', maxLength: 64 } },
};

const RESPONSES = {
  problem: {
    description: 'What went wrong',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  },
};

const SCHEMES = {
  oauth: {
    type: 'oauth2',
    flows: { clientCredentials: { tokenUrl: 'https://id.example/token', scopes: {} } },
  },
};
