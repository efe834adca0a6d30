import { canonicalAddress } from '../base/index.ts';

/** One hop as a proxy told of it; `address` is canonical text, and `port` 0 where none was told. */
export interface ForwardedHop {
  readonly address: string;
  readonly port: number;
}

/**
 * Gives the hops that a field tells of, the nearest first: each time it is called the next one, null behind the last, and
 * undefined where what stands there is no address. Nothing beyond what is asked for is judged.
 */
export type HopReader = () => ForwardedHop | null | undefined;

/** A client has few proxies before it; with more than this a field is not read at all. */
export const HOP_LIMIT = 32;

/** Reads the lines of X-Forwarded-For from their end; null where they tell of too many. */
export function readForwardedFor(lines: readonly string[]): HopReader | null {
  const entries = lines.flatMap((line) => line.split(',', HOP_LIMIT + 1));
  return hopsOf(entries, (entry) => {
    const text = trimmed(entry);
    return readBare(text) ?? readNode(text);
  });
}

/**
 * Reads the lines of Forwarded (RFC 7239 §4) from their end, and of each element `for` alone; null where one of them breaks
 * the grammar, or they tell of too many.
 */
export function readForwarded(lines: readonly string[]): HopReader | null {
  const nodes: string[] = [];
  for (const line of lines) {
    const elements = elementsOf(line);
    if (elements === null) return null;
    nodes.push(...elements);
  }
  return hopsOf(nodes, readNode);
}

function hopsOf(nodes: readonly string[], read: (node: string) => ForwardedHop | undefined): HopReader | null {
  if (nodes.length > HOP_LIMIT) return null;
  let left = nodes.length;
  return () => (left === 0 ? null : read(nodes[--left] as string));
}

/** Without the blanks around it. By hand: an expression would look from each of many blanks within it for the end. */
function trimmed(text: string): string {
  let from = 0;
  let end = text.length;
  while (from < end && isBlank(text, from)) from++;
  while (end > from && isBlank(text, end - 1)) end--;
  return text.slice(from, end);
}

function isBlank(text: string, at: number): boolean {
  return text[at] === ' ' || text[at] === '\t';
}

/** An address by itself; one of IPv6 needs no brackets here. */
function readBare(text: string): ForwardedHop | undefined {
  const address = canonicalAddress(text);
  return address === null ? undefined : { address, port: 0 };
}

const NODE = /^(?:([0-9.]{7,15})|\[([0-9a-f:.]{2,45})\])(?::([0-9]{1,5}))?$/i;

/** An address with a port or without, of IPv6 in brackets (RFC 7239 §6); names that hide one tell nothing. */
function readNode(text: string): ForwardedHop | undefined {
  const [, plain, inBrackets = '', port = '0'] = NODE.exec(text) ?? [];
  const address = plain === undefined && !inBrackets.includes(':') ? null : canonicalAddress(plain ?? inBrackets);
  return address === null || Number(port) > 65_535 ? undefined : { address, port: Number(port) };
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = '"(?:[\\t !#-\\[\\]-~]|\\\\[\\t -~])*"';
/** One parameter, and what parts it from the next; blanks stand around commas only. */
const PAIR = new RegExp(`(${TOKEN})=(?:(${TOKEN})|(${QUOTED}))(?:(;)|[ \\t]*(,)[ \\t]*|[ \\t]*$)`, 'y');

/** The `for` of each element of one line, '' where an element has none; null where the line breaks the grammar. */
function elementsOf(line: string): readonly string[] | null {
  const elements: string[] = [];
  let names = new Set<string>();
  let node = '';
  PAIR.lastIndex = 0;
  for (;;) {
    const pair = PAIR.exec(line);
    if (pair === null) return null;
    const [, written = '', token, quoted, more, next] = pair;
    const name = written.toLowerCase();
    // A parameter stands once in an element (RFC 7239 §4): of two, each reader would take the one it likes.
    if (names.has(name)) return null;
    names.add(name);
    if (name === 'for') node = token ?? unquoted(quoted as string);
    if (more !== undefined) continue;
    elements.push(node);
    if (elements.length > HOP_LIMIT) return elements;
    if (next === undefined) return elements;
    names = new Set();
    node = '';
  }
}

function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/g, '$1');
}
