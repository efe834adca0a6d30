import { percentEncoded, UNRESERVED } from '../../percent-encoding.ts';
import type { QueryEdits } from './config.ts';

/** A parameter of a query as it stands there, and the mark before it. */
interface Parameter {
  readonly mark: string;
  readonly text: string;
}

/** A parameter that is set: its name decoded, its text in the query. */
export interface SetParameter {
  readonly name: string;
  readonly text: string;
}

/** The text of a parameter with this name and value, as a canonical query has it. */
export function parameterText(name: string, value: string): string {
  return `${percentEncoded(name, UNRESERVED)}=${percentEncoded(value, UNRESERVED)}`;
}

/**
 * A canonical query without the parameters that are taken out, with others renamed, and behind them those that are set.
 * Null where nothing is left, or there was no query. What semicolons part counts as parameters too, since some servers
 * read it so: what is taken out reaches none of them.
 */
export function editQuery(query: string | null, edits: QueryEdits, set: readonly SetParameter[]): string | null {
  const gone = new Set([...edits.remove, ...edits.set.map(({ name }) => name)]);
  const names = new Map(edits.rename.map(({ from, to }) => [from, to]));
  const kept = parametersOf(query).flatMap(({ mark, text }) => {
    const name = nameOf(text);
    if (gone.has(name)) return [];
    const renamed = names.get(name);
    if (renamed === undefined) return [{ mark, text }];
    // One that gets a name that is taken out or set would stand beside what was meant.
    if (gone.has(renamed)) return [];
    const end = text.indexOf('=');
    return [{ mark, text: percentEncoded(renamed, UNRESERVED) + (end < 0 ? '' : text.slice(end)) }];
  });
  const all = [...kept, ...set.map(({ text }) => ({ mark: '&', text }))];
  return all.length === 0 ? null : all.map(({ mark, text }, at) => (at === 0 ? text : mark + text)).join('');
}

function parametersOf(query: string | null): readonly Parameter[] {
  if (query === null || query === '') return [];
  return `&${query}`.match(/[&;][^&;]*/g)?.map((each) => ({ mark: each.charAt(0), text: each.slice(1) })) ?? [];
}

/** The escapes of a canonical query are UTF-8, so decoding can't fail. */
function nameOf(parameter: string): string {
  const end = parameter.indexOf('=');
  const name = (end < 0 ? parameter : parameter.slice(0, end)).replaceAll('+', ' ');
  return name.includes('%') ? decodeURIComponent(name) : name;
}
