import {
  ALLOW_LIST_LIMIT_BYTES,
  GraphqlJudge,
  readAllowList,
  type ReadSchema,
  readSchema,
} from '../../../graphql/index.ts';
import type { Source, Sources } from '../../kind.ts';
import type { GraphqlConfig } from './config.ts';

/** What a schema may have of bytes. */
const SCHEMA_LIMIT_BYTES = 4 * 1024 * 1024;

/** The files that the policy of an API needs. */
export function graphqlSources({ rules: { schema, operations } }: GraphqlConfig): readonly Source[] {
  const known =
    operations === null ? [] : [{ kind: 'file', path: operations, limitBytes: ALLOW_LIST_LIMIT_BYTES } as const];
  return [{ kind: 'file', path: schema, limitBytes: SCHEMA_LIMIT_BYTES }, ...known];
}

/** Each schema is read once for all operations, by the bytes that were gathered. */
const schemas = new WeakMap<Uint8Array, ReadSchema>();
/** One for all routes of an API, so that what one has read the other knows; by the files that it was made of. */
const judges = new WeakMap<GraphqlConfig, Prepared>();

interface Prepared {
  readonly bytes: Uint8Array;
  readonly listed: Uint8Array | null;
  readonly judge: GraphqlJudge;
}

/** The schema in a gathered file. Whoever gathered it has seen that it is one. */
function gatheredSchema(bytes: Uint8Array): ReadSchema {
  const known = schemas.get(bytes);
  if (known !== undefined) return known;
  const read = readSchema(new TextDecoder().decode(bytes));
  if (!read.ok) throw new Error(`a schema was not gathered as one: ${read.error.message}`);
  schemas.set(bytes, read.value);
  return read.value;
}

/** The operations of an API beside its routes: the fields of its root types, and those that its configuration names. */
export function graphqlOperations({ rules, named }: GraphqlConfig, got: Pick<Sources, 'file'>): readonly string[] {
  return [...new Set([...gatheredSchema(got.file(rules.schema)).roots, ...named])];
}

/** What judges the requests of an API. */
export function graphqlJudge(config: GraphqlConfig, got: Pick<Sources, 'file'>): GraphqlJudge {
  const { rules } = config;
  const bytes = got.file(rules.schema);
  const listed = rules.operations === null ? null : got.file(rules.operations);
  const known = judges.get(config);
  if (known?.bytes === bytes && known.listed === listed) return known.judge;
  const judge = new GraphqlJudge(gatheredSchema(bytes), {
    bounds: rules.bounds,
    cost: rules.cost,
    allowList: listed === null ? null : gatheredList(listed),
    others: rules.only === null,
    subscriptions: rules.subscriptions === 'pass',
    named: graphqlOperations(config, got),
  });
  judges.set(config, { bytes, listed, judge });
  return judge;
}

function gatheredList(bytes: Uint8Array) {
  const read = readAllowList(new TextDecoder().decode(bytes));
  if (!read.ok) throw new Error(`a list of documents was not gathered as one: it ${read.error}`);
  return read.value;
}
