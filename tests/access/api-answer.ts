import { request } from 'node:http';
import type { Cell } from './cells.ts';
import type { Caller } from './rights.ts';

/** What the API itself answers. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined for none. */
  readonly body: Buffer | undefined;
}

/** What the API at this URL says to whoever asks it for what a cell does, with no gateway before it. */
export function answerOfApi(url: string, { method, target, body: sent }: Cell, caller: Caller): Promise<ApiAnswer> {
  const { subject = 'nobody', tenant } = caller ?? {};
  const headers = {
    'x-portcullis-subject': subject,
    ...(tenant === undefined ? {} : { 'x-portcullis-tenant': tenant }),
  };
  return new Promise((resolve, reject) => {
    const call = request(`${url}${target}`, { method, headers }, (reply) => {
      const pieces: Buffer[] = [];
      reply.on('data', (piece: Buffer) => pieces.push(piece));
      reply.on('end', () => {
        const type = reply.headers['content-type'];
        const whole = Buffer.concat(pieces);
        const typed = type === undefined ? {} : { 'content-type': type };
        resolve({ status: reply.statusCode ?? 0, headers: typed, body: whole.length === 0 ? undefined : whole });
      });
    });
    call.on('error', reject);
    call.end(sent === null ? undefined : JSON.stringify(sent));
  });
}
