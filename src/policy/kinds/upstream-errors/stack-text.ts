import { Buffer } from 'node:buffer';

/** So many times text may be escaped in JSON within JSON, and still be read. */
const ESCAPE_DEPTH = 3;

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\n'],
  ['t', ' '],
  ['b', ' '],
  ['f', ' '],
]);

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
  ['nbsp', ' '],
]);

/** Elements that stand within a line; what others enclose is on lines of its own. */
const INLINE: ReadonlySet<string> = new Set(['a', 'b', 'i', 'em', 'strong', 'code', 'span', 'font', 'kbd', 'u', 'var']);

/**
 * A body as a person would see it: as it is, with the escapes of JSON undone once and more, and as the text of a page.
 * Each reading stands on its own, since undoing what was never done spoils text: `C:\new` has no line break. Octets of
 * zero are left out, so that UTF-16 hides nothing. It takes time by the length of the bytes alone.
 */
export function* readingsOf(bytes: Uint8Array): Generator<string> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8').replaceAll('\0', '');
  yield* pageReadings(text);
  let escaped = text;
  for (let depth = 0; depth < ESCAPE_DEPTH && escaped.includes('\\'); depth++) {
    escaped = unescaped(escaped);
    yield* pageReadings(escaped);
  }
}

function* pageReadings(text: string): Generator<string> {
  yield text;
  const stripped = text.includes('<') ? withoutTags(text) : text;
  const decoded = stripped.includes('&') ? withoutEntities(stripped) : stripped;
  if (decoded !== text) yield decoded;
}

function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|([^]))/g, (_, code: string | undefined, letter: string | undefined) =>
    code === undefined ? (ESCAPES.get(letter ?? '') ?? letter ?? '') : String.fromCharCode(Number.parseInt(code, 16)),
  );
}

function withoutTags(text: string): string {
  return text.replace(/<\/?([A-Za-z][A-Za-z0-9]{0,15})(?:[\s/][^<>]{0,400})?>/g, (_, name: string) =>
    INLINE.has(name.toLowerCase()) ? '' : '\n',
  );
}

function withoutEntities(text: string): string {
  return text.replace(/&(?:#([0-9]{1,5})|#[xX]([0-9a-fA-F]{1,4})|([a-z]{2,4}));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES.get(String(name)) ?? String(whole);
    return String.fromCharCode(decimal === undefined ? Number.parseInt(String(hex), 16) : Number(decimal));
  });
}
