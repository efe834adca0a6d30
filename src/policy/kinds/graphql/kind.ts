import { ok, type Problem } from '../../../base/index.ts';
import { type JsonValue, parseBody } from '../../../body/index.ts';
import {
  type AskedOfServer,
  type GraphqlFault,
  type GraphqlJudge,
  readQuery,
  readSent,
} from '../../../graphql/index.ts';
import { ASKED_OPERATIONS } from '../../asked-operations.ts';
import { compileEach } from '../../compile-each.ts';
import type { Exchange } from '../../exchange.ts';
import { type PolicyKind, READS_NOTHING, type Step, type Steps } from '../../kind.ts';
import { createMediaTypes } from '../../media-types.ts';
import type { Operation } from '../../operation.ts';
import { deny, PASS, type Verdict } from '../../verdict.ts';
import type { GraphqlConfig } from './config.ts';
import { graphqlJudge, graphqlOperations, graphqlSources } from './prepared.ts';
import { errorsStep, MAY_STREAM } from './reply-errors.ts';

/**
 * The kind that reads requests of GraphQL: it lets one pass only if its document is valid for the schema of the API and
 * within its bounds, and says which operations it asks for. Of replies it masks what errors tell of the server's inside.
 */
export function createGraphqlKind(): PolicyKind<GraphqlConfig> {
  return {
    kind: 'graphql',
    summary: 'Refuses requests of GraphQL that are not valid for the schema, or ask for too much.',
    schema: null,
    sources: graphqlSources,
    namedInBodies: graphqlOperations,
    compile: (config, at, got) => {
      const judge = graphqlJudge(config, got);
      return compileEach(at.operations, (operation) => ok(stepsFor(operation, judge, config)));
    },
  };
}

function stepsFor({ method }: Operation, judge: GraphqlJudge, config: GraphqlConfig): Steps {
  const reader = new Reader(judge, config);
  const inspect = method === 'GET' ? queryStep(reader) : bodyStep(reader);
  return { inspect, respond: errorsStep(config.rules) };
}

/** A request in the query of its URL. */
function queryStep(reader: Reader): Step<'inspect'> {
  return { reads: READS_NOTHING, run: (exchange) => reader.query(exchange) };
}

/**
 * A request in a body of JSON, and in no other: what a form or plain text says, a page of another origin can send without
 * asking (GraphQL over HTTP §6.3).
 */
function bodyStep(reader: Reader): Step<'inspect'> {
  const mediaTypes = createMediaTypes();
  return {
    reads: { request: 'parsed', response: 'none' },
    head({ request }) {
      // Some servers read it beside the body, or before.
      if (request.query !== null) return reader.refuse(QUERY_BESIDE_BODY);
      const mediaType = mediaTypes.read(request.headers.get('content-type'));
      return mediaType?.essence === 'application/json' ? PASS : OTHER_TYPE;
    },
    run: (exchange) => reader.body(exchange),
  };
}

const OTHER_TYPE: Verdict = deny(
  { code: 'unsupported-media-type', internal: 'content-type: GraphQL is read in application/json only' },
  'content-type',
);
const QUERY_BESIDE_BODY: GraphqlFault = {
  kind: 'invalid',
  rule: 'query',
  detail: 'what is asked for stands in the body, and nothing in the query of the URL',
};
const NO_QUERY: GraphqlFault = { kind: 'invalid', rule: 'request', detail: 'query is missing' };
const NO_BODY: GraphqlFault = { kind: 'invalid', rule: 'request', detail: 'the body is missing' };

/** A detail may hold names that were sent, of any length. */
const DETAIL_LIMIT = 300;

const CODES = {
  invalid: 'invalid-graphql',
  complex: 'graphql-too-complex',
  forbidden: 'graphql-forbidden',
  method: 'method-not-allowed',
} as const;

/** Reads requests, and says what becomes of them. */
class Reader {
  readonly #judge: GraphqlJudge;
  readonly #config: GraphqlConfig;

  constructor(judge: GraphqlJudge, config: GraphqlConfig) {
    this.#judge = judge;
    this.#config = config;
  }

  body(exchange: Exchange): Verdict {
    const body = exchange.body('parsed');
    if (body.kind !== 'json') return body.kind === 'empty' ? this.refuse(NO_BODY) : OTHER_TYPE;
    const sent = readSent(body.value, this.#config.rules.batch);
    if (!sent.ok) return this.refuse(sent.error);
    const asked = this.#judge.judge(sent.value, { readsOnly: false, mayIntrospect: this.#mayIntrospect(exchange) });
    return asked.ok ? this.#told(exchange, asked.value) : this.refuse(asked.error);
  }

  query(exchange: Exchange): Verdict {
    const { query } = exchange.request;
    const fields = query === null ? null : parseBody('application/x-www-form-urlencoded', Buffer.from(query));
    if (fields === null || !fields.ok || fields.value.kind !== 'form') return this.refuse(NO_QUERY);
    const sent = readQuery(fields.value.fields, readJson);
    if (!sent.ok) return this.refuse(sent.error);
    const asked = this.#judge.judge([sent.value], { readsOnly: true, mayIntrospect: this.#mayIntrospect(exchange) });
    return asked.ok ? this.#told(exchange, asked.value) : this.refuse(asked.error);
  }

  refuse({ kind, rule, detail }: GraphqlFault): Verdict {
    const code = CODES[kind];
    const told = this.#config.errors === 'helpful' ? { errors: [{ detail: detail.slice(0, DETAIL_LIMIT) }] } : {};
    const headers: Pick<Problem, 'headers'> = kind === 'method' ? { headers: [['allow', 'POST']] } : {};
    // A detail may repeat names that were sent, and the log holds nothing of a body.
    return deny({ code, ...told, ...headers, internal: `graphql: ${rule}` }, rule);
  }

  #mayIntrospect({ principal }: Exchange): boolean {
    const { introspection } = this.#config.rules;
    if (typeof introspection === 'string') return introspection === 'on';
    return principal !== null && introspection.some((role) => principal.roles.includes(role));
  }

  #told(exchange: Exchange, { fields, streams }: AskedOfServer): Verdict {
    exchange.slot(ASKED_OPERATIONS).value = [...fields].map(([name, count]) => ({ name, count }));
    exchange.slot(MAY_STREAM).value = streams;
    return PASS;
  }
}

function readJson(text: string): JsonValue | undefined {
  const read = parseBody('application/json', Buffer.from(text));
  return read.ok && read.value.kind === 'json' ? read.value.value : undefined;
}
