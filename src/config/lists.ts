import { z } from 'zod';
import { Cidr, err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import {
  type GeoFiles,
  type ListEntries,
  type ListPair,
  type ListRules,
  pairsIn,
  readNameEntry,
  readOriginEntry,
} from '../lists/index.ts';
import type { Config } from './config.ts';
import { absolute } from './path.ts';
import type { ModedRule } from './access-config.ts';
import { denialsSchema, toDenials } from './access-rules.ts';
import { placeAt } from './place-at.ts';
import { parseMethod } from './routes.ts';
import { parsed, path, uniqueList } from './scalars.ts';
import { words } from './words.ts';

/** What a person writes by hand; more belongs into a file. */
const ENTRY_LIMIT = 10_000;
const COUNTRY_LIMIT = 300;
const HIGHEST_ASN = 4_294_967_295;

const file = z.strictObject({ file: path('A file with an entry a line; `#` and `;` begin a comment.') });

/** A list of entries and of files with more of them. */
function entries(read: (text: string) => Result<string, string>, title: string, what: string) {
  const entry = parsed(read).meta({ title });
  return uniqueList(
    z.union([entry, file], {
      error: ({ input }) => entryWords(input, { read, what }),
    }),
    { least: 1, most: ENTRY_LIMIT, what: 'entry', nameOf: (given) => (typeof given === 'string' ? given : given.file) },
  );
}

/** A union says only that nothing fits; what a text lacks is what it would have to be. */
function entryWords(
  input: unknown,
  { read, what }: { readonly read: (text: string) => Result<string, string>; readonly what: string },
): string {
  const result = typeof input === 'string' ? read(input) : null;
  if (result !== null && !result.ok) return result.error;
  return words(`expected ${what}, or a file with them`, 'a file is written { file: ./lists/NAME.txt }');
}

function readBlock(text: string): Result<string, string> {
  const read = Cidr.parse(text);
  return read.ok ? ok(text) : read;
}

function readMethod(text: string): Result<string, string> {
  return text === 'TRACE' || text === 'CONNECT' ? ok(text) : parseMethod(text);
}

function readCountry(text: string): Result<string, string> {
  if (/^[A-Z]{2}$/.test(text)) return ok(text);
  const fix = /^[A-Za-z]{2}$/.test(text) ? `write ${text.toUpperCase()}` : 'such as DE or KP';
  return err(words('a country is its code of two capital letters (ISO 3166-1)', fix));
}

const asnError = 'a system is the number of it, such as 64496, without AS before it';

const operationShape = {
  addresses: entries(readBlock, 'block', 'an address, or a block such as 192.0.2.0/24')
    .optional()
    .meta({ description: 'Addresses of clients, and blocks of them.' }),
  countries: uniqueList(parsed(readCountry).meta({ title: 'country' }), {
    ...{ least: 1, most: COUNTRY_LIMIT, what: 'country' },
  })
    .optional()
    .meta({ description: 'Countries that clients’ addresses are of, as the database `geo.country` says.' }),
  asns: uniqueList(z.int({ error: asnError }).min(0, { error: asnError }).max(HIGHEST_ASN, { error: asnError }), {
    ...{ least: 1, most: ENTRY_LIMIT, what: 'number' },
  })
    .optional()
    .meta({ description: 'Autonomous systems that clients’ addresses are of, as the database `geo.asn` says.' }),
  reverseNames: entries(readNameEntry, 'name', 'a name such as crawler.example or *.crawler.example')
    .optional()
    .meta({ description: 'Names that clients’ addresses have in the DNS, where these lead back to the address.' }),
  origins: entries(readOriginEntry, 'origin', 'an origin such as https://app.example, or the name of a host')
    .optional()
    .meta({ description: 'Where scripts in browsers come from: the field Origin.' }),
  mailDomains: entries(readNameEntry, 'name', 'a name such as acme.example or *.acme.example')
    .optional()
    .meta({ description: 'Domains of the mail addresses of those who have signed in: the claim `email`.' }),
};

const shape = {
  ...operationShape,
  hosts: entries(readNameEntry, 'name', 'a name such as api.example or *.api.example')
    .optional()
    .meta({ description: 'Hosts that are asked for.' }),
  methods: uniqueList(parsed(readMethod).meta({ title: 'method' }), { least: 1, most: 20, what: 'method' })
    .optional()
    .meta({ description: 'Methods of requests.' }),
};

const except = {
  except: entries(readBlock, 'block', 'an address, or a block such as 192.0.2.0/24').optional().meta({
    description: 'Addresses that are let in although a list of addresses, countries, systems or names has them.',
  }),
};

const EMPTY = words('at least one list is needed', 'such as addresses: [192.0.2.0/24]');

function listed<S extends z.ZodRawShape>(keys: S) {
  return z.strictObject(keys).refine((given) => Object.keys(given).length > 0, { error: EMPTY });
}

const ruleKey = { rules: denialsSchema.optional() };

/** Lists and rules, or the rules alone. */
function denials<S extends z.ZodRawShape>(keys: S) {
  return z
    .union([denialsSchema, listed({ ...keys, ...except, ...ruleKey })], { error: EMPTY })
    .optional()
    .meta({ description: DENY });
}

const DENY =
  'Who is kept out. Nobody on one of these lists comes in, whatever `allow` says, and nothing that one of the `rules` denies.';
const ALLOW = 'Who alone is let in. Of the lists of clients one must have them, and all other lists that are there.';

/** The keys `deny` and `allow` of the gateway and of an API. */
export const listKeys = {
  deny: denials(shape),
  allow: listed(shape).optional().meta({ description: ALLOW }),
};

/** The same of one operation, whose method and host are known. */
export const operationListKeys = {
  deny: denials(operationShape),
  allow: listed(operationShape).optional().meta({ description: ALLOW }),
};

/** The key `geo`. */
export const geoSchema = z
  .strictObject({
    country: path('The database that says which country an address is of.').optional(),
    asn: path('The database that says which autonomous system an address is of.').optional(),
  })
  .optional()
  .meta({ description: 'Databases in MaxMind’s format (MMDB) that you bring, for lists of countries and systems.' });

/** The databases, by their absolute paths. */
export function toGeo(raw: z.output<typeof geoSchema>, from: string): GeoFiles {
  const pathOf = (name: string | undefined): string | null => (name === undefined ? null : absolute(name, from));
  return { country: pathOf(raw?.country), asn: pathOf(raw?.asn) };
}

type RawEntries = readonly (string | { readonly file: string })[];

/** What all the forms of `deny` and `allow` have at most. */
interface RawRules {
  readonly addresses?: RawEntries | undefined;
  readonly except?: RawEntries | undefined;
  readonly countries?: readonly string[] | undefined;
  readonly asns?: readonly number[] | undefined;
  readonly reverseNames?: RawEntries | undefined;
  readonly hosts?: RawEntries | undefined;
  readonly origins?: RawEntries | undefined;
  readonly mailDomains?: RawEntries | undefined;
  readonly methods?: readonly string[] | undefined;
}

type RawDenials = z.output<typeof denialsSchema>;

/** What `deny` may be: lists with rules among them, or rules alone. */
export type RawDeny = RawDenials | (RawRules & { readonly rules?: RawDenials | undefined });

/** The rules of a `deny`, and the key path of them. */
function denialsIn(
  raw: RawDeny | undefined,
  path: string,
): { readonly rules: RawDenials | undefined; readonly path: string } {
  if (raw === undefined || Array.isArray(raw)) return { rules: raw, path };
  return { rules: (raw as { readonly rules?: RawDenials }).rules, path: `${path}.rules` };
}

/** The rules of a `deny`, as they are asked. */
export function denialsOf(raw: RawDeny | undefined, path: string): readonly ModedRule[] {
  const denials = denialsIn(raw, path);
  return toDenials(denials.rules, denials.path);
}

/** The lists of a `deny`; undefined where it has none. */
function listsIn(raw: RawDeny | undefined): RawRules | undefined {
  if (raw === undefined || Array.isArray(raw)) return undefined;
  const { rules: _others, ...lists } = raw as RawRules & { readonly rules?: RawDenials };
  return Object.keys(lists).length === 0 ? undefined : lists;
}

/** Where lists stand: the file of the configuration, and the key path of what has them, empty for the gateway. */
interface ListsAt {
  readonly file: string;
  readonly path: string;
}

/** The lists of one place; null where there are none. */
export function toLists(
  { deny: denied, allow }: { readonly deny?: RawDeny | undefined; readonly allow?: RawRules | undefined },
  at: ListsAt,
): ListPair | null {
  const deny = listsIn(denied);
  if (deny === undefined && allow === undefined) return null;
  const prefix = at.path === '' ? '' : `${at.path}.`;
  const rulesOf = (raw: RawRules | undefined, verb: string): ListRules | null =>
    raw === undefined ? null : toRules(raw, { file: at.file, path: `${prefix}${verb}` });
  return { deny: rulesOf(deny, 'deny'), allow: rulesOf(allow, 'allow') };
}

function toRules(raw: RawRules, at: ListsAt): ListRules {
  const entriesOf = (given: RawEntries | undefined): ListEntries | null =>
    given === undefined
      ? null
      : {
          entries: given.filter((each) => typeof each === 'string'),
          files: given.flatMap((each) => (typeof each === 'string' ? [] : [absolute(each.file, at.file)])),
        };
  return {
    addresses: entriesOf(raw.addresses),
    except: entriesOf(raw.except),
    countries: raw.countries ?? null,
    asns: raw.asns ?? null,
    reverseNames: entriesOf(raw.reverseNames),
    hosts: entriesOf(raw.hosts),
    origins: entriesOf(raw.origins),
    mailDomains: entriesOf(raw.mailDomains),
    methods: raw.methods ?? null,
    path: at.path,
  };
}

const ASKED = [
  { key: 'countries', database: 'country' },
  { key: 'asns', database: 'asn' },
] as const;

/** Lists of countries or systems without a database that knows them. */
export function listIssues(config: Config, places: Readonly<Record<string, Place>>): Issue[] {
  const all = pairsIn(config).flatMap(({ deny, allow }) => [deny, allow]);
  return all.flatMap((given) => {
    if (given === null) return [];
    const lacking = ASKED.filter(({ key, database }) => given[key] !== null && config.geo[database] === null);
    return lacking.map(({ key, database }) => {
      const at = `${given.path}.${key}`;
      const place = placeAt(places, at);
      const message = `no database says of addresses what this asks for: \`geo.${database}\` is missing`;
      return errorIssue(at, message, { place, fix: `name one: geo: { ${database}: ./NAME.mmdb }` });
    });
  });
}
