// No tests here: what tests of stored replies stand on. Kept apart from the product by its name.
import { type PolicyKind, usedCredential } from '../policy/index.ts';
import { kindOf, principalNamed, step } from './fixture.test.ts';

/** A request without a body; `more` are whole lines. */
export function request(path: string, more = '', method = 'GET'): string {
  return `${method} ${path} HTTP/1.1\r\nhost: x.example\r\n${more}\r\n`;
}

/** A reply of an upstream's with these fields, one after the other, and the length of its body. */
export function replyOf(body: string, fields: string, status = 200): string {
  const lines = fields === '' ? '' : `${fields.replaceAll('; ', '\r\n')}\r\n`;
  return `HTTP/1.1 ${status} X\r\n${lines}content-length: ${body.length}\r\n\r\n${body}`;
}

/** Whoever sends `Authorization: Bearer NAME` is NAME, with the roles behind it: `ada/admin`. Who sends none is nobody. */
export function bearers(): PolicyKind<never> {
  return kindOf('bearer', {
    authenticate: step((exchange) => {
      const found = /^Bearer ([^/]+)(?:\/(.*))?$/.exec(exchange.request.headers.get('authorization') ?? '');
      if (found === null) return { kind: 'abstain' };
      exchange.slot(usedCredential).header = 'authorization';
      return {
        kind: 'identified',
        principal: principalNamed(found[1] as string, { roles: (found[2] ?? '').split(',') }),
      };
    }),
  });
}

/** The lines of an API `a` that routes everything and stores replies by these settings. */
export function cachedApi(cache: string): string {
  return `routes: ['* /{rest...}']\n    cache: ${cache}`;
}

/** Numbers below 2^32, the same for the same seed (Numerical Recipes §7.1.4). */
export function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
}
