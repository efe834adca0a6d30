import { percentEncoded, UNRESERVED } from '../../percent-encoding.ts';
import type { QueryEdits } from './config.ts';

const AMPERSAND = 0x26;
const SEMICOLON = 0x3b;

/** The text of a parameter with this name and value, as a canonical query has it. */
export function parameterText(name: string, value: string): string {
  return `${percentEncoded(name, UNRESERVED)}=${percentEncoded(value, UNRESERVED)}`;
}

/**
 * Makes of a canonical query one without the parameters that are taken out, with others renamed, and behind them the texts
 * of those that are set. Null where nothing is left, or there was no query. What semicolons part counts as parameters too,
 * since some servers read it so: what is taken out reaches none of them.
 */
export type QueryEditor = (query: string | null, set: readonly string[]) => string | null;

/** The editor for what is said of a query. */
export function createQueryEditor({ remove, rename, set: named }: QueryEdits): QueryEditor {
  const own = new Set(named.map(({ name }) => name));
  const renamed = new Map(
    rename.map(({ from, to }) => [from, own.has(to) ? null : percentEncoded(to, UNRESERVED)] as const),
  );
  // What a client sends under a name that another gets would stand beside it, judged as something else or not at all.
  const taken = rename.map(({ to }) => to).filter((to) => !renamed.has(to));
  const gone = new Set([...remove, ...own, ...taken]);
  /** The parameter as it goes on; null where it does not. */
  const edited = (parameter: string): string | null => {
    const equals = parameter.indexOf('=');
    const nameEnd = equals < 0 ? parameter.length : equals;
    const name = decodedName(parameter.slice(0, nameEnd));
    if (gone.has(name)) return null;
    const other = renamed.get(name);
    if (other === undefined) return parameter;
    return other === null ? null : other + parameter.slice(nameEnd);
  };
  return (query, set) => {
    let text: string | null = null;
    const sent = query ?? '';
    for (let start = sent === '' ? 1 : 0; start <= sent.length; ) {
      const end = parameterEnd(sent, start);
      const parameter = edited(sent.slice(start, end));
      // Before the first that is left stands no mark; each later one keeps its own.
      if (parameter !== null) text = text === null ? parameter : text + sent.charAt(start - 1) + parameter;
      start = end + 1;
    }
    for (const parameter of set) text = text === null ? parameter : `${text}&${parameter}`;
    return text;
  };
}

function parameterEnd(query: string, start: number): number {
  let end = start;
  for (; end < query.length; end++) {
    const code = query.charCodeAt(end);
    if (code === AMPERSAND || code === SEMICOLON) break;
  }
  return end;
}

/** The escapes of a canonical query are UTF-8, so decoding can't fail. */
function decodedName(text: string): string {
  const name = text.includes('+') ? text.replaceAll('+', ' ') : text;
  return name.includes('%') ? decodeURIComponent(name) : name;
}
