import { canonicalAddress, err, ok, type Result } from '../base/index.ts';
import { type CallerConfig, resolvePath } from '../config/index.ts';
import type { QuestionHeaders, RehearsalQuestion } from '../gateway/index.ts';
import { readCaller } from './caller.ts';
import type { Given } from './command.ts';
import type { CommandContext } from './context.ts';
import type { WrittenQuestion } from './question.ts';

/** A body that a command line names may be this large, as bodies may be if nothing else is said. */
const BODY_LIMIT_BYTES = 10 * 1024 * 1024;

/** What a command line says of a request besides method and URL. */
export type GivenRequest = Pick<RehearsalQuestion, 'headers' | 'body' | 'caller' | 'from'>;

/**
 * Reads `--as`, `--from`, `--header` and `--body`; whoever is not named is anonymous. The body is JSON where it begins like an
 * object or a list, and is sent as it stands; else it is the name of a file. The error is in words.
 */
export async function readGivenRequest(
  { values }: Given,
  context: CommandContext,
): Promise<Result<GivenRequest, string>> {
  const [as, header, body] = [values.get('as'), values.get('header'), values.get('body')];
  const caller: Result<CallerConfig, string> = as === undefined ? ok({ kind: 'anonymous' }) : readCaller(as);
  if (!caller.ok) return caller;
  const headers = readHeaders(header);
  if (!headers.ok) return headers;
  const from = readFrom(values.get('from'));
  if (!from.ok) return from;
  const bytes = await readBody(body, context);
  if (!bytes.ok) return bytes;
  return ok({
    from: from.value,
    caller: caller.value,
    headers: withType(headers.value, bytes.value),
    body: bytes.value,
  });
}

/** A body with the fields it is sent with: JSON, where nothing else is said. */
export function withType(headers: QuestionHeaders, body: Uint8Array | null): QuestionHeaders {
  const typed = body === null || headers.some(([name]) => name.toLowerCase() === 'content-type');
  return typed ? headers : [...headers, ['content-type', 'application/json']];
}

/** The fields by which a client asks for WebSocket (RFC 6455 §4.1). Any key will do: nobody answers it. */
const OPENING: QuestionHeaders = [
  ['connection', 'Upgrade'],
  ['upgrade', 'websocket'],
  ['sec-websocket-version', '13'],
  ['sec-websocket-key', 'cmVoZWFyc2VkLXJlcXVlcw=='],
];

/** The fields of a request that may be written as the URL of a WebSocket: then it asks for one, unless it says how. */
export function withOpening(
  headers: QuestionHeaders,
  { websocket }: Pick<WrittenQuestion, 'websocket'>,
): QuestionHeaders {
  if (!websocket) return headers;
  const said = new Set(headers.map(([name]) => name.toLowerCase()));
  return [...headers, ...OPENING.filter(([name]) => !said.has(name))];
}

function readHeaders(text: string | undefined): Result<QuestionHeaders, string> {
  const headers: [string, string][] = [];
  for (const line of text === undefined ? [] : text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon < 1) return err("--header takes 'name: value'");
    headers.push([line.slice(0, colon), line.slice(colon + 1).trim()]);
  }
  return ok(headers);
}

function readFrom(text: string | undefined): Result<string | null, string> {
  const address = text === undefined ? null : canonicalAddress(text);
  if (text !== undefined && address === null) return err('--from takes an IP address such as 192.0.2.7');
  return ok(address);
}

async function readBody(text: string | undefined, context: CommandContext): Promise<Result<Uint8Array | null, string>> {
  if (text === undefined) return ok(null);
  if (/^\s*[{[]/.test(text)) return ok(Buffer.from(text));
  const path = resolvePath(text, context.workingFolder);
  if (!path.ok) return err(`--body holds a path that ${path.error}`);
  const read = await context.ports.files.read(path.value, BODY_LIMIT_BYTES);
  return read.ok ? read : err(`the body can't be read: ${read.error.detail}`);
}
