import { isOfType } from '../config/compiled.ts';
import type { ReplyHead } from '../wire/index.ts';
import type { CompiledParty } from './compiled-party.ts';

const SERVER_ERROR = 500;

/** Whether a reply names no type, and does not say either whether it has a body. */
export function isUntyped({ fields, framing }: ReplyHead): boolean {
  return !fields.has('content-type') && framing.kind !== 'none' && framing.kind !== 'length';
}

/** Why the coding of a reply's body is none that was asked for; null where it is. */
export function codingFault({ fields, framing }: ReplyHead, method: string): string | null {
  if (framing.kind === 'none' || method === 'HEAD') return null;
  const coding = fields.get('content-encoding');
  return coding === null || coding.toLowerCase() === 'identity' ? null : 'a content coding that was not asked for';
}

/** Why the type of a reply's body is none that was asked for; null where it is. */
export function typeFault(head: ReplyHead, method: string, { types, passesFailures }: CompiledParty): string | null {
  const { status, fields, framing } = head;
  if (framing.kind === 'none' || method === 'HEAD' || types === null) return null;
  if (status >= SERVER_ERROR && !passesFailures) return null;
  const written = fields.all('content-type');
  const [type = ''] = (written.length === 1 ? (written[0] as string) : '').toLowerCase().split(';', 1);
  const known = types.some((pattern) => isOfType(type.trim(), pattern));
  return known ? null : 'a content type that is not among `types`';
}

/** Why a reply is too long by its own word; null where it is not, or does not say. */
export function lengthFault({ framing }: ReplyHead, { replyLimitBytes }: CompiledParty): string | null {
  if (framing.kind !== 'length' || framing.bytes <= replyLimitBytes) return null;
  return `a reply of ${framing.bytes} bytes`;
}
