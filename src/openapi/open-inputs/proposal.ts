import { isObject, type PlainObject } from '../pointer.ts';
import { formatOf } from '../validate/format.ts';
import { type Facets, type Missing, noFacets } from './facets.ts';

/**
 * Keywords that would close an input: a first word to start from, by the input's name and by the values that the document
 * gives as examples. Their lengths, numbers and counts are taken; of values of several types the first one counts.
 */
export function proposalFor(name: string, missing: readonly Missing[], facets: Facets): PlainObject {
  const words = wordsOf(name);
  const proposal: Record<string, unknown> = {};
  for (const what of missing) Object.assign(proposal, proposalOf(what, words, facets));
  return proposal;
}

function proposalOf(what: Missing, words: readonly string[], facets: Facets): PlainObject {
  switch (what) {
    case 'type':
      return typed(words, facets);
    case 'length':
      return forText(words, facets.examples);
    case 'range':
      return forNumber(words, facets);
    case 'count':
      return facets.types?.has('array') === true
        ? { maxItems: mostItems(facets.examples) }
        : { maxProperties: mostNames(facets.examples) };
    case 'items':
      return { items: typed([], noFacets(facets.examples.filter(Array.isArray).flat())) };
    case 'names':
      return facets.namesDescribed ? { additionalProperties: false } : { properties: {}, additionalProperties: false };
  }
}

function mostItems(examples: readonly unknown[]): number {
  const lengths = examples.map((value) => (Array.isArray(value) ? value.length : 0));
  return roomFor(Math.max(0, ...lengths), 100);
}

function mostNames(examples: readonly unknown[]): number {
  return roomFor(Math.max(0, ...examples.filter(isObject).map((value) => Object.keys(value).length)), 100);
}

function typed(words: readonly string[], facets: Facets): PlainObject {
  const type = facets.namesDescribed ? 'object' : facets.itemsDescribed ? 'array' : typeOf(words, facets.examples);
  switch (type) {
    case 'object':
      return { type };
    case 'array':
      return { type, maxItems: mostItems(facets.examples) };
    case 'boolean':
      return { type };
    case 'integer':
    case 'number':
      return { type, ...forNumber(words, facets) };
    default:
      return { type: 'string', ...forText(words, facets.examples) };
  }
}

function typeOf(words: readonly string[], examples: readonly unknown[]): string {
  const [first] = examples;
  if (typeof first === 'number') return examples.every(Number.isInteger) ? 'integer' : 'number';
  if (typeof first === 'boolean') return 'boolean';
  if (Array.isArray(first)) return 'array';
  if (typeof first === 'object' && first !== null) return 'object';
  if (first !== undefined) return 'string';
  if (/^(?:is|has|can)$/.test(words[0] ?? '') && words.length > 1) return 'boolean';
  return words.some((word) => RANGES.has(word)) ? 'integer' : 'string';
}

/** A way to bound texts whose name ends on one of some words. */
interface TextRule {
  readonly words: RegExp;
  readonly keywords: PlainObject;
  readonly holds: (text: string) => boolean;
  /** Whether the name alone says too little, so that the document must have an example of it. */
  readonly exampled?: boolean;
}

const DEFAULT_LENGTH = 255;

/** The first whose words end the name and that takes all examples is proposed. */
const TEXT_RULES: readonly TextRule[] = [
  byFormat(/^(?:uuid|guid)$/, 'uuid'),
  { ...byFormat(/^(?:id|ids|key|reference|token)$/, 'uuid'), exampled: true },
  byFormat(/^e?mails?$/, 'email'),
  byFormat(/^(?:date|birthday|birthdate|dob)$/, 'date'),
  byFormat(/^(?:at|timestamp|datetime|date|time)$/, 'date-time'),
  { ...byFormat(/^(?:from|to|start|end|since|until|before|after)$/, 'date-time'), exampled: true },
  { ...byFormat(/^(?:from|to|start|end|since|until|before|after)$/, 'date'), exampled: true },
  { ...byFormat(/^(?:url|uri|href|link|website|webhook)$/, 'uri'), keywords: { format: 'uri', maxLength: 2048 } },
  byFormat(/^(?:host|hostname|domain)$/, 'hostname'),
  byFormat(/^(?:ip|ipv4)$/, 'ipv4'),
  byFormat(/^(?:ip|ipv6)$/, 'ipv6'),
  byPattern(/^(?:phone|mobile|fax|tel|telephone|msisdn)$/, '^\\+?[0-9 ().-]{4,24}$'),
  byPattern(/^(?:country|nationality)$/, '^[A-Z]{2}$'),
  byPattern(/^(?:country|nationality)$/, '^[A-Z]{3}$'),
  byPattern(/^currency$/, '^[A-Z]{3}$'),
  byPattern(/^(?:language|lang|locale)$/, '^[A-Za-z]{2,3}(?:[_-][A-Za-z0-9]{2,8}){0,3}$'),
  byPattern(/^(?:zip|postcode|zipcode)$/, '^[A-Za-z0-9 -]{2,12}$'),
  byPattern(/^colou?r$/, '^#[0-9A-Fa-f]{6}$'),
  byPattern(/^iban$/, '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$'),
  byLength(/^(?:description|comments?|notes?|message|text|content|bio|summary|body)$/, 10_000),
  byLength(/^(?:token|jwt|assertion|cursor)$/, 4096),
  byLength(/^(?:query|q|search|filter)$/, 500),
  byLength(/^(?:password|secret|passphrase)$/, 128),
  byLength(/^(?:ids?|key|code|type|status|state|sort|order|kind|role|format|slug)$/, 64),
];

function forText(words: readonly string[], examples: readonly unknown[]): PlainObject {
  const texts = examples.filter((value) => typeof value === 'string');
  const last = words.at(-1) ?? '';
  for (const { words: endings, keywords, holds, exampled = false } of TEXT_RULES) {
    if (endings.test(last) && (texts.length > 0 || !exampled) && texts.every(holds)) return keywords;
  }
  const longest = Math.max(0, ...texts.map((text) => Array.from(text).length));
  return { maxLength: roomFor(longest, DEFAULT_LENGTH) };
}

function byFormat(words: RegExp, name: string): TextRule {
  const format = formatOf(name);
  return { words, keywords: { format: name }, holds: (text) => format?.kind === 'string' && format.holds(text) };
}

function byPattern(words: RegExp, pattern: string): TextRule {
  const expression = new RegExp(pattern, 'u');
  return { words, keywords: { pattern }, holds: (text) => expression.test(text) };
}

function byLength(words: RegExp, maxLength: number): TextRule {
  return { words, keywords: { maxLength }, holds: (text) => Array.from(text).length <= maxLength };
}

/** Ranges of numbers by the last word of their name. */
const RANGES: ReadonlyMap<string, readonly [least: number, most: number]> = new Map<string, readonly [number, number]>([
  ...each(['limit', 'size', 'perpage', 'top', 'take', 'pagesize'], 1, 100),
  ...each(['page', 'pagenumber'], 1, 10_000),
  ...each(['offset', 'skip', 'start'], 0, 1_000_000),
  ...each(
    ['count', 'quantity', 'qty', 'amount', 'number', 'total', 'price', 'cost', 'index', 'position'],
    0,
    1_000_000,
  ),
  ...each(['age'], 0, 150),
  ...each(['year'], 1900, 2200),
  ...each(['month'], 1, 12),
  ...each(['day'], 1, 31),
  ...each(['hour'], 0, 23),
  ...each(['minute', 'second'], 0, 59),
  ...each(['port'], 1, 65_535),
  ...each(['percent', 'percentage'], 0, 100),
  ...each(['lat', 'latitude'], -90, 90),
  ...each(['lon', 'lng', 'long', 'longitude'], -180, 180),
  ...each(['width', 'height'], 1, 100_000),
]);

const WHOLE: readonly [number, number] = [-2_147_483_648, 2_147_483_647];
const IDENTIFIER: readonly [number, number] = [1, Number.MAX_SAFE_INTEGER];

/** What is bounded on one side gets the other only; examples of the document widen what is proposed. */
function forNumber(words: readonly string[], { minimum, maximum, examples }: Facets): PlainObject {
  const last = words.at(-1) ?? '';
  const range = RANGES.get(words.slice(-2).join('')) ?? RANGES.get(last);
  const [least, most] = range ?? (/^ids?$/.test(last) ? IDENTIFIER : WHOLE);
  const numbers = examples.filter((value) => typeof value === 'number');
  const low = Math.min(least, ...numbers, maximum ?? Infinity);
  const high = Math.max(most, ...numbers, minimum ?? -Infinity);
  return {
    ...(minimum === null ? { minimum: low } : {}),
    ...(maximum === null ? { maximum: high } : {}),
  };
}

function each(words: readonly string[], least: number, most: number): (readonly [string, readonly [number, number]])[] {
  return words.map((word) => [word, [least, most]] as const);
}

/** Twice as much as an example has, in a round number, and no less than usual. */
function roomFor(longest: number, usual: number): number {
  return longest * 2 <= usual ? usual : 10 ** Math.ceil(Math.log10(longest * 2));
}

/** The words of a name in lower case: `X-Request-Id`, `createdAt`, `page_size`, `filter[from]`, `Order.lines[].sku`. */
function wordsOf(name: string): readonly string[] {
  return name
    .slice(-100)
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, ' ')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
}
