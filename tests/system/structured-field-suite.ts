import { existsSync, readdirSync, readFileSync } from 'node:fs';
import {
  type BareItem,
  type FieldMember,
  type FieldParameters,
  readFieldDictionary,
  readFieldItem,
  readFieldList,
  type Result,
  writeFieldDictionary,
  writeFieldItem,
  writeFieldList,
} from '../../src/base/index.ts';
import { createTally, type SuiteTally } from './suite-tally.ts';

// The tests of structured fields are data beside the repository, and not part of it.
const SUITE = new URL('../../../shared/suites/structured-fields/', import.meta.url);

/** Where the suite would be found, as it is told where it is not. */
export const FIELD_SUITE = '../shared/suites/structured-fields';

/** Whether the suite is there. */
export function hasFieldSuite(): boolean {
  return existsSync(SUITE);
}

/** A case of the suite. Those that only write have no `raw`. */
interface Case {
  readonly name: string;
  readonly header_type: 'item' | 'list' | 'dictionary';
  readonly raw?: readonly string[];
  readonly expected?: unknown;
  readonly canonical?: readonly string[];
  readonly must_fail?: boolean;
  readonly can_fail?: boolean;
}

/** Holds reader and writer of structured fields against the whole suite. */
export function runFieldSuite(): SuiteTally {
  const tally = createTally('structured-fields');
  for (const folder of ['', 'serialisation-tests/']) {
    for (const file of readdirSync(new URL(folder, SUITE)).filter((name) => name.endsWith('.json'))) {
      const cases = JSON.parse(readFileSync(new URL(folder + file, SUITE), 'utf8')) as readonly Case[];
      for (const one of cases) judge(tally, one, `${folder}${file}: ${one.name}`);
    }
  }
  return tally;
}

function judge(tally: SuiteTally, one: Case, name: string): void {
  tally.total += 1;
  const fault = one.raw === undefined ? writingFault(one) : readingFault(one, one.raw);
  if (fault === null) tally.ok += 1;
  else if (fault === STRICTER) tally.otherwise.set(STRICTER, (tally.otherwise.get(STRICTER) ?? 0) + 1);
  else tally.wrong.push(`${name}: ${fault}`);
}

const STRICTER = 'what readers may refuse is refused';

const READERS = {
  item: (text: string) => mapped(readFieldItem(text), memberAsJson),
  list: (text: string) => mapped(readFieldList(text), (list) => list.map(memberAsJson)),
  dictionary: (text: string) =>
    mapped(readFieldDictionary(text), (members) => Array.from(members, ([key, one]) => [key, memberAsJson(one)])),
};

const REWRITERS = {
  item: (text: string) => mapped(readFieldItem(text), writeFieldItem),
  list: (text: string) => mapped(readFieldList(text), writeFieldList),
  dictionary: (text: string) => mapped(readFieldDictionary(text), writeFieldDictionary),
};

function readingFault(
  { header_type: type, expected, canonical, must_fail, can_fail }: Case,
  raw: readonly string[],
): string | null {
  const text = raw.join(', ');
  const read = READERS[type](text);
  if (read === undefined) return must_fail === true ? null : can_fail === true ? STRICTER : 'is refused';
  if (must_fail === true) return 'is read';
  if (JSON.stringify(read) !== JSON.stringify(expected)) return `is read as ${JSON.stringify(read).slice(0, 200)}`;
  const written = REWRITERS[type](text) ?? '';
  const wanted = (canonical ?? raw).join(', ');
  return written === wanted ? null : `is written as ${String(written).slice(0, 200)}`;
}

function writingFault({ header_type: type, expected, canonical, must_fail }: Case): string | null {
  const written = writeJson(type, expected);
  if (must_fail === true) return written === null ? null : `is written as ${written}`;
  const wanted = (canonical ?? []).join(', ');
  return written === wanted ? null : `is written as ${written}`;
}

function mapped<T, U>(read: Result<T, unknown>, map: (value: T) => U): U | undefined {
  return read.ok ? map(read.value) : undefined;
}

function memberAsJson(member: FieldMember): unknown {
  const inner = member.kind === 'item' ? bareAsJson(member.item) : member.items.map(memberAsJson);
  return [inner, Array.from(member.parameters, ([key, item]) => [key, bareAsJson(item)])];
}

/** As the suite writes values that JSON does not have. */
function bareAsJson({ kind, value }: BareItem): unknown {
  switch (kind) {
    case 'bytes':
      return { __type: 'binary', value: base32(value) };
    case 'token':
    case 'date':
      return { __type: kind, value };
    case 'display-string':
      return { __type: 'displaystring', value };
    case 'integer':
    case 'decimal':
    case 'string':
    case 'boolean':
      return value;
  }
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function base32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  const text = bits.match(/.{1,5}/g)?.map((five) => BASE32[Number.parseInt(five.padEnd(5, '0'), 2)]) ?? [];
  return text.join('').padEnd(Math.ceil(text.length / 8) * 8, '=');
}

function fromBase32(text: string): Uint8Array {
  const bits = Array.from(text.replaceAll('=', ''), (digit) => BASE32.indexOf(digit).toString(2).padStart(5, '0')).join(
    '',
  );
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}

function writeJson(type: Case['header_type'], value: unknown): string | null {
  switch (type) {
    case 'item': {
      const member = memberOf(value);
      return member.kind === 'item' ? writeFieldItem(member) : null;
    }
    case 'list':
      return writeFieldList((value as readonly unknown[]).map(memberOf));
    case 'dictionary':
      return writeFieldDictionary(new Map((value as [string, unknown][]).map(([key, one]) => [key, memberOf(one)])));
  }
}

function memberOf(value: unknown): FieldMember {
  const [inner, written] = value as [unknown, [string, unknown][]];
  const parameters: FieldParameters = new Map(written.map(([key, item]) => [key, bareOf(item)]));
  if (!Array.isArray(inner)) return { kind: 'item', item: bareOf(inner), parameters };
  const items = inner.map(memberOf).filter((member) => member.kind === 'item');
  return { kind: 'inner-list', items, parameters };
}

function bareOf(value: unknown): BareItem {
  if (typeof value === 'number') return { kind: Number.isInteger(value) ? 'integer' : 'decimal', value };
  if (typeof value === 'boolean') return { kind: 'boolean', value };
  if (typeof value === 'string') return { kind: 'string', value };
  const typed = value as { readonly __type: string; readonly value: never };
  if (typed.__type === 'binary') return { kind: 'bytes', value: fromBase32(typed.value) };
  if (typed.__type === 'displaystring') return { kind: 'display-string', value: typed.value };
  if (typed.__type === 'date') return { kind: 'date', value: typed.value };
  return { kind: 'token', value: typed.value };
}
