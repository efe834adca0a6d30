import { canonicalAddress, err, ok, type Result } from '../base/index.ts';
import { type CallerConfig, type GivenReply, readInstant, resolvePath } from '../config/index.ts';
import { type QuestionHeaders, type RehearsalQuestion, withType } from '../gateway/index.ts';
import { readCaller } from './caller.ts';
import type { Given } from './command.ts';
import type { CommandContext } from './context.ts';

/** A body that a command line names may be this large, as bodies may be if nothing else is said. */
const BODY_LIMIT_BYTES = 10 * 1024 * 1024;

/** What a command line says of a request besides method and URL. */
export type GivenRequest = Pick<RehearsalQuestion, 'headers' | 'body' | 'caller' | 'from' | 'reply' | 'owner' | 'atMs'>;

/**
 * Reads `--as`, `--from`, `--header`, `--body`, `--at`, `--response`, `--status` and `--owner`; whoever is not named is anonymous. A body
 * is JSON where it begins like an object or a list, and is sent as it stands; else it is the name of a file. The error is in
 * words.
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
  const bytes = await readBody('body', body, context);
  if (!bytes.ok) return bytes;
  const at = readAt(values.get('at'));
  if (!at.ok) return at;
  const reply = await readReply(values.get('response'), values.get('status'), context);
  if (!reply.ok) return reply;
  const owner = await readOwner(values.get('owner'), context);
  if (!owner.ok) return owner;
  return ok({
    reply: reply.value,
    owner: owner.value,
    atMs: at.value,
    from: from.value,
    caller: caller.value,
    headers: withType(headers.value, bytes.value),
    body: bytes.value,
  });
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

function readAt(text: string | undefined): Result<number | null, string> {
  if (text === undefined) return ok(null);
  const at = readInstant(text);
  return at.ok ? at : err('--at takes a time with its zone, such as 2026-11-24T09:00:00Z');
}

/** What the upstream answers; null where nobody says. */
async function readReply(
  response: string | undefined,
  status: string | undefined,
  context: CommandContext,
): Promise<Result<GivenReply | null, string>> {
  if (response === undefined && status === undefined) return ok(null);
  if (status !== undefined && !/^[2-5][0-9]{2}$/.test(status)) return err('--status takes a number from 200 to 599');
  const bytes = await readBody('response', response, context);
  if (!bytes.ok) return bytes;
  return ok({ status: Number(status ?? 200), headers: {}, body: bytes.value ?? undefined });
}

/** What an owner service says, as JSON; undefined where nobody says. */
async function readOwner(text: string | undefined, context: CommandContext): Promise<Result<unknown, string>> {
  if (text === undefined) return ok(undefined);
  if (text.trim() === 'null') return ok(null);
  const bytes = await readBody('owner', text, context);
  if (!bytes.ok || bytes.value === null) return bytes;
  try {
    return ok(JSON.parse(Buffer.from(bytes.value).toString()) as unknown);
  } catch {
    return err('--owner holds no JSON');
  }
}

async function readBody(
  option: 'body' | 'response' | 'owner',
  text: string | undefined,
  context: CommandContext,
): Promise<Result<Uint8Array | null, string>> {
  if (text === undefined) return ok(null);
  if (/^\s*[{[]/.test(text)) return ok(Buffer.from(text));
  const path = resolvePath(text, context.workingFolder);
  if (!path.ok) return err(`--${option} holds a path that ${path.error}`);
  const read = await context.ports.files.read(path.value, BODY_LIMIT_BYTES);
  return read.ok ? read : err(`the ${option} can't be read: ${read.error.detail}`);
}
