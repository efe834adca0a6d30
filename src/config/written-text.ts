import { err, ok, type Result } from '../base/index.ts';
import { isFieldName, isFieldValue, type Reference, RESERVED_FIELDS, type WrittenText } from '../policy/index.ts';
import { words } from './words.ts';

const REFERENCES = 'it can name {params.NAME}, {request.id}, {request.host} and {principal.subject}; `{{` is a brace';
const LENGTH_LIMIT = 2_048;

/**
 * Reads a text that may refer to a request: `{params.id}` is a parameter of its path. A brace that stands for itself is
 * written twice. What stands between references is visible ASCII, with spaces inside.
 */
export function readWrittenText(text: string): Result<WrittenText, string> {
  if (text === '') return err(words('this text is empty', 'to take a field or a parameter away, name it in `remove`'));
  if (text.length > LENGTH_LIMIT) return err(`is longer than ${LENGTH_LIMIT} characters`);
  if (!/^[\x20-\x7e]*$/.test(text) || !isFieldValue(text))
    return err(words('this text holds what no header field may', 'visible ASCII characters, and spaces between them'));
  const pieces: (string | Reference)[] = [];
  let literal = '';
  for (let at = 0; at < text.length; ) {
    const doubled = text.startsWith('{{', at) || text.startsWith('}}', at);
    if (doubled || !/[{}]/.test(text.charAt(at))) {
      literal += text.charAt(at);
      at += doubled ? 2 : 1;
      continue;
    }
    const end = text.indexOf('}', at);
    const reference = text.charAt(at) === '{' && end > 0 ? readReference(text.slice(at + 1, end)) : null;
    if (reference === null) return err(words('this brace begins or ends no reference', REFERENCES));
    if (literal !== '') pieces.push(literal);
    literal = '';
    pieces.push(reference);
    at = end + 1;
  }
  if (literal !== '') pieces.push(literal);
  return ok({ text, pieces });
}

function readReference(name: string): Reference | null {
  if (name.startsWith('params.') && name.length > 7) return { kind: 'param', name: name.slice(7) };
  switch (name) {
    case 'request.id':
      return { kind: 'request-id' };
    case 'request.host':
      return { kind: 'request-host' };
    case 'principal.subject':
      return { kind: 'principal-subject' };
    default:
      return null;
  }
}

/** What would make another reading of a body than the one that was judged, or that the client is told of. */
const OF_BODIES = ['content-encoding', 'content-range'];
const OF_REQUEST_BODIES: ReadonlySet<string> = new Set([...OF_BODIES, 'content-type']);
const OF_REPLY_BODIES: ReadonlySet<string> = new Set(OF_BODIES);

/** What is wrong with a field's name that the configuration writes into requests, replies or answers; null for nothing. In `words`. */
export function fieldNameFault(name: string, side: keyof typeof RESERVED_FIELDS): string | null {
  const lower = name.toLowerCase();
  if (!isFieldName(lower))
    return words('this is no name of a header field', 'letters, digits and hyphens, such as X-Team');
  if (lower === 'host') return words('`Host` is not written here', 'write `host` in the rewrite itself');
  const own = side === 'requests' && /^x-?portcullis/.test(lower);
  if (own || RESERVED_FIELDS[side].has(lower)) return 'only the gateway itself writes this field';
  const ofBodies = side === 'requests' ? OF_REQUEST_BODIES : OF_REPLY_BODIES;
  return ofBodies.has(lower) ? 'this field says how a body is read, which is not for a policy to change' : null;
}
