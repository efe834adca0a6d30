import { type Token, tokenize } from './tokens.ts';

/** One way in which a file names another module. */
export interface Import {
  /** What stands between the quotes, or null where it is computed. */
  readonly specifier: string | null;
  /** `import type` and `export type … from`: nothing of it is left at run time. */
  readonly typeOnly: boolean;
  /** `import('x')`: loaded when it comes to that. */
  readonly deferred?: true;
  readonly line: number;
}

/**
 * Every module that a TypeScript file names: `import … from`, `import 'x'`, `import('x')`, `export … from`, and
 * `new URL('./x.ts', import.meta.url)`, which is how a thread's entry is named.
 */
export function importsOf(source: string): Import[] {
  const tokens = tokenize(source).filter((token) => token.kind !== 'comment');
  return tokens.flatMap((token, at) => {
    if (token.kind !== 'name' || tokens[at - 1]?.text === '.') return [];
    if (token.text === 'import') return importAt(tokens, at);
    if (token.text === 'export') return exportAt(tokens, at);
    return token.text === 'URL' ? threadEntryAt(tokens, at) : [];
  });
}

function importAt(tokens: readonly Token[], at: number): Import[] {
  const line = tokens[at]?.line ?? 0;
  const next = tokens[at + 1];
  if (next === undefined || next.text === '.') return [];
  // A property or method of this name: `import: 1`, `{ import }`.
  if (':,}='.includes(next.text)) return [];
  if (next.text === '(') {
    const named = tokens[at + 2];
    const ends = tokens[at + 3]?.text;
    const literal = named?.kind === 'string' && (ends === ')' || ends === ',');
    return [{ specifier: literal ? named.value : null, typeOnly: false, deferred: true, line }];
  }
  if (next.kind === 'string') return [{ specifier: next.value, typeOnly: false, line }];
  const typeOnly = next.text === 'type' && !['from', ','].includes(tokens[at + 2]?.text ?? '');
  return fromClause(tokens, at + 1, { typeOnly, line });
}

function exportAt(tokens: readonly Token[], at: number): Import[] {
  const line = tokens[at]?.line ?? 0;
  const typeOnly = tokens[at + 1]?.text === 'type';
  const first = tokens[at + (typeOnly ? 2 : 1)]?.text;
  if (first !== '*' && first !== '{') return [];
  return fromClause(tokens, at + 1, { typeOnly, line });
}

function fromClause(tokens: readonly Token[], start: number, facts: { typeOnly: boolean; line: number }): Import[] {
  for (let at = start; at < tokens.length; at++) {
    const token = tokens[at];
    const next = tokens[at + 1];
    if (token?.text === 'from' && next?.kind === 'string') return [{ specifier: next.value, ...facts }];
    // `export { a };` names no module, and neither does anything past the end of the clause.
    if (token?.text === ';') return [];
    if (token?.text === '}' && next?.text !== 'from') return [];
  }
  return [];
}

function threadEntryAt(tokens: readonly Token[], at: number): Import[] {
  const named = tokens[at + 2];
  const rest = tokens.slice(at + 3, at + 10).map((token) => token.text);
  if (tokens[at + 1]?.text !== '(' || named?.kind !== 'string' || !named.value.endsWith('.ts')) return [];
  const besideThisFile = rest.join('') === ',import.meta.url)';
  return besideThisFile ? [{ specifier: named.value, typeOnly: false, line: named.line }] : [];
}
