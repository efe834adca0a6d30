import { z } from 'zod';
import type { GraphqlConfig, GraphqlRulesConfig } from '../policy/index.ts';
import type { ApiConfig, PolicyUse } from './config.ts';
import { absolute } from './path.ts';
import { parsed, path, uniqueList } from './scalars.ts';
import { words } from './words.ts';

/** What holds where nothing is said: what the usual clients stay below by far, and what no server notices. */
const USUAL_BOUNDS = { tokens: 5_000, depth: 10, aliases: 15, fields: 200, directives: 50 } as const;
const USUAL_COST = { limit: 1_000, object: 1, scalar: 0, list: 10 } as const;
/** Whoever validates a document compares the fields of it with one another. */
const FIELDS_LIMIT = 1_000;

const whole = (most: number, usual: number, description: string) => {
  const error = `expected a whole number from 1 to ${most}`;
  return z.int({ error }).min(1, { error }).max(most, { error }).prefault(usual).meta({ description });
};
const weight = (usual: number, description: string) => {
  const error = 'expected a number from 0 to 1000000';
  return z.number({ error }).min(0, { error }).max(1_000_000, { error }).prefault(usual).meta({ description });
};
const name = (what: string) =>
  parsed(
    (text) =>
      /^[A-Za-z_]\w{0,127}$/.test(text)
        ? { ok: true, value: text }
        : { ok: false, error: `this is no name of ${what}` },
    `expected the name of ${what}`,
  );

const coordinate = z.string().regex(/^[A-Za-z_]\w*\.[A-Za-z_]\w*$/, {
  error: words('a field is called by its type and its name', 'such as Query.orders'),
});

const fieldCost = z.strictObject({
  cost: weight(0, 'What asking for the field costs at all.'),
  multipliers: uniqueList(name('an argument').meta({ title: 'argument' }), { least: 0, most: 10, what: 'argument' })
    .optional()
    .meta({
      description:
        'The arguments that say how many elements it gives; `first`, `last`, `limit`, `pageSize` and `take` if nothing is said.',
    }),
});

const cost = z.strictObject({
  limit: weight(USUAL_COST.limit, 'What all operations of a request may cost together.'),
  object: weight(USUAL_COST.object, 'The cost of each object.'),
  scalar: weight(USUAL_COST.scalar, 'The cost of each scalar and enum.'),
  list: whole(10_000, USUAL_COST.list, 'How many elements a list is taken to have where no argument says it.'),
  fields: z
    .record(coordinate, fieldCost)
    .refine((fields) => Object.keys(fields).length <= 10_000, { error: 'at most 10000 fields can have costs' })
    .optional()
    .meta({
      title: 'Type.field: cost',
      description: 'Costs of single fields; they stand before `@cost` and `@listSize` of the schema.',
    }),
});

const roles = uniqueList(name('a role').meta({ title: 'role' }), { least: 1, most: 100, what: 'role' });

const schema = z.strictObject({
  schema: path('The schema, in the Schema Definition Language of GraphQL.'),
  depth: whole(100, USUAL_BOUNDS.depth, 'How many fields may stand within each other.'),
  aliases: whole(FIELDS_LIMIT, USUAL_BOUNDS.aliases, 'How many fields may be asked for under another name.'),
  fields: whole(FIELDS_LIMIT, USUAL_BOUNDS.fields, 'How many fields may be asked for in all, each as often as it is.'),
  directives: whole(1_000, USUAL_BOUNDS.directives, 'How many directives a document may have.'),
  tokens: whole(20_000, USUAL_BOUNDS.tokens, 'How many words and marks the documents of a request may have.'),
  cost: z
    .union([z.literal('off'), cost], { error: words('expected costs, or off', 'such as cost: { limit: 500 }') })
    .prefault({})
    .meta({ description: 'What requests may cost; `off` counts nothing.' }),
  batch: whole(100, 1, 'How many operations may be sent together, as a list.'),
  introspection: z
    .union([z.enum(['off', 'on']), roles], {
      error: words('expected off, on or a list of roles', 'such as [developer]'),
    })
    .prefault('off')
    .meta({ description: 'Who may ask for the schema: nobody, everybody, or whoever has one of these roles.' }),
  operations: path('Documents that are known: a manifest as Apollo writes it, or a map as Relay does.').optional(),
  only: z
    .literal('persisted', { error: 'expected persisted' })
    .optional()
    .meta({ description: '`persisted` takes no document but those of `operations`.' }),
  subscriptions: z
    .enum(['refuse', 'pass'], { error: words('must be refuse or pass') })
    .prefault('refuse')
    .meta({
      description: '`pass` lets subscriptions by POST through, and replies that stream; what streams is not masked.',
    }),
  errors: z
    .enum(['mask', 'pass'], { error: words('must be mask or pass') })
    .prefault('mask')
    .meta({ description: '`mask` takes traces, debug members and guesses at names out of `errors` in replies.' }),
});

/** The key of an API. */
export const graphqlKeys = {
  graphql: schema.optional().meta({
    description:
      'The API speaks GraphQL at its routes: operations are held against this schema, and its fields are operations.',
  }),
};

/** What an API says; null where it speaks no GraphQL. `file`: the configuration's own. */
export function toGraphql(raw: z.output<typeof schema> | undefined, file: string): GraphqlRulesConfig | null {
  if (raw === undefined) return null;
  const { tokens, depth, aliases, fields, directives, batch, introspection, subscriptions, errors } = raw;
  return {
    schema: absolute(raw.schema, file),
    bounds: { tokens, depth, aliases, fields, directives },
    cost: raw.cost === 'off' ? null : toCost(raw.cost),
    batch,
    introspection,
    operations: raw.operations === undefined ? null : absolute(raw.operations, file),
    only: raw.only ?? null,
    subscriptions,
    errors,
  };
}

function toCost({ limit, object, scalar, list, fields = {} }: z.output<typeof cost>): GraphqlRulesConfig['cost'] {
  const rules = Object.entries(fields).map(
    ([field, { cost: own, multipliers }]) => [field, { cost: own, multipliers: multipliers ?? null }] as const,
  );
  return { limit, object, scalar, list, fields: Object.fromEntries(rules) };
}

/** The policy that stands for the key: behind what says who calls, and before the conditions. */
export function graphqlPolicy(api: ApiConfig): readonly PolicyUse[] {
  if (api.graphql === null) return [];
  const named = Object.keys(api.operations).filter((operation) => !operation.includes(' '));
  const config: GraphqlConfig = { rules: api.graphql, errors: api.errors, named };
  const path = `${api.path}.graphql`;
  return [{ kind: 'graphql', name: `${api.name}/graphql`, config, mode: 'enforce', modes: {}, path }];
}
