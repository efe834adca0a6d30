import type { AdminOperation } from './admin-operations.ts';

/** The OpenAPI 3.1 document of the admin API, made from its table of operations. */
export function describeAdminApi(operations: readonly AdminOperation[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    const path = (paths[operation.path] ??= {});
    path[operation.method.toLowerCase()] = {
      operationId: operation.id,
      summary: operation.summary,
      security: securityOf(operation),
      ...parametersOf(operation),
      ...(operation.bodyLimitBytes === null ? {} : { requestBody: operation.body === 'json' ? JSON_BODY : TEXT_BODY }),
      responses: { default: { description: 'The answer, or a problem (RFC 9457).' } },
    };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Portcullis admin API', version: '1' },
    paths,
    components: {
      securitySchemes: {
        adminKey: { type: 'http', scheme: 'bearer' },
        decisionKey: { type: 'http', scheme: 'bearer', description: 'What `admin.decisions.key` says.' },
      },
    },
  };
}

/** The keys of which each opens it. */
function securityOf({ key, asks }: AdminOperation): readonly object[] {
  if (!key) return [];
  return asks === 'decision' ? [{ adminKey: [] }, { decisionKey: [] }] : [{ adminKey: [] }];
}

const TEXT_BODY = {
  description: 'A configuration, as it stands in a file.',
  content: { 'application/yaml': { schema: { type: 'string' } } },
};

const JSON_BODY = {
  description: 'What is wanted, as the summary says.',
  content: { 'application/json': { schema: { type: 'object' } } },
};

function parametersOf({ path, query }: AdminOperation): object {
  const inPath = [...path.matchAll(/\{([a-z]+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(query).map(([name, description]) => ({
    name,
    in: 'query',
    description,
    schema: { type: 'string' },
  }));
  return inPath.length + inQuery.length === 0 ? {} : { parameters: [...inPath, ...inQuery] };
}
