import { isTest, type Complaint, type SourceFile } from './repository.ts';
import { type Token, tokenize } from './tokens.ts';

const DECLARATIONS = new Set(['function', 'class', 'interface', 'type', 'const', 'let', 'enum', 'namespace']);
const MODIFIERS = new Set(['async', 'abstract', 'declare', 'default']);

/** Every exported function, class, interface, type or constant without a doc comment. */
export function undocumentedExports(files: readonly SourceFile[]): Complaint[] {
  return files.filter((file) => !isTest(file.path)).flatMap((file) => undocumentedIn(file));
}

function undocumentedIn({ path, text }: SourceFile): Complaint[] {
  const tokens = tokenize(text);
  const documented = new Set<string>();
  return tokens.flatMap((token, at) => {
    if (token.text !== 'export' || token.kind !== 'name' || tokens[at - 1]?.text === '.') return [];
    const name = declaredName(tokens, at);
    // The first signature of an overloaded function speaks for all.
    if (name === null || documented.has(name)) return [];
    documented.add(name);
    const above = tokens[at - 1];
    if (above?.kind === 'comment' && isDoc(above)) return [];
    return [`${path}:${token.line} exports ${name} without a doc comment`];
  });
}

function declaredName(tokens: readonly Token[], at: number): string | null {
  let next = at + 1;
  while (MODIFIERS.has(tokens[next]?.text ?? '')) next++;
  const keyword = tokens[next]?.text ?? '';
  if (!DECLARATIONS.has(keyword)) return null;
  const name = tokens[next + (tokens[next + 1]?.text === '*' ? 2 : 1)];
  // `export type { A } from` is a re-export.
  return name?.kind === 'name' ? name.text : null;
}

function isDoc(comment: Token): boolean {
  return comment.text.startsWith('/**') && /[a-z]{2}/i.test(comment.text);
}
