import { roomOf } from './walls.ts';
import { isTest, type Complaint, type SourceFile } from './repository.ts';
import { type Token, tokenize } from './tokens.ts';

const FREE_ROOMS = new Set(['main', 'adapters']);

/** One thing that comes from the surroundings instead of through a port. */
interface Ambient {
  readonly name: string;
  readonly port: string;
  /** The texts of consecutive tokens, the first of them not after a dot. */
  readonly tokens: readonly string[];
}

const AMBIENTS: readonly Ambient[] = [
  { name: 'process.env', port: 'the configuration', tokens: ['process', '.', 'env'] },
  { name: 'Date.now', port: 'Clock', tokens: ['Date', '.', 'now'] },
  { name: 'new Date()', port: 'Clock', tokens: ['new', 'Date', '(', ')'] },
  { name: 'new Date', port: 'Clock', tokens: ['new', 'Date', ';'] },
  { name: 'Date()', port: 'Clock', tokens: ['Date', '(', ')'] },
  { name: 'performance.now', port: 'Clock', tokens: ['performance', '.', 'now'] },
  { name: 'performance.timeOrigin', port: 'Clock', tokens: ['performance', '.', 'timeOrigin'] },
  { name: 'process.hrtime', port: 'Clock', tokens: ['process', '.', 'hrtime'] },
  { name: 'Math.random', port: 'Random', tokens: ['Math', '.', 'random'] },
  { name: 'fetch', port: 'Egress', tokens: ['fetch', '('] },
];

const GLOBAL_OBJECTS = new Set(['globalThis', 'global']);

/** Every use of the clock, the environment, chance or the network that does not come through a port. */
export function ambientComplaints(files: readonly SourceFile[]): Complaint[] {
  return files
    .filter((file) => !FREE_ROOMS.has(roomOf(file.path) ?? '') && !isTest(file.path))
    .flatMap((file) => {
      const tokens = tokenize(file.text).filter((token) => token.kind !== 'comment');
      return AMBIENTS.flatMap((ambient) =>
        tokens
          .filter((_, at) => matches(tokens, at, ambient.tokens))
          .map((token) => `${file.path}:${token.line} uses ${ambient.name}: it comes in through ${ambient.port}`),
      );
    });
}

function matches(tokens: readonly Token[], at: number, wanted: readonly string[]): boolean {
  if (tokens[at]?.kind !== 'name') return false;
  if (!wanted.every((text, offset) => tokens[at + offset]?.text.replace('?.', '.') === text)) return false;
  const before = tokens[at - 1]?.text;
  if (before === '.') return GLOBAL_OBJECTS.has(tokens[at - 2]?.text ?? '');
  if (before === 'new' && wanted[0] === 'Date') return false;
  return wanted[0] !== 'fetch' || !declares(tokens, at);
}

/** Whether `name(` at this place begins a function or method, or a signature of one, rather than a call. */
function declares(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1]?.text ?? '';
  if (before === 'function') return true;
  let open = 0;
  for (let end = at + 1; end < tokens.length; end++) {
    const text = tokens[end]?.text ?? '';
    if (text === '(') open++;
    if (text === ')') open--;
    if (open > 0) continue;
    const after = tokens[end + 1]?.text ?? '';
    return after === '{' || (after === ':' && ['{', '}', ';', ',', 'async', '*', '/'].includes(before));
  }
  return false;
}
