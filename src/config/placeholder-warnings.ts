import { errorIssue, type Issue, type Place } from '../base/index.ts';
import type { Config } from './config.ts';
import { placeAt } from './place-at.ts';
import { PLACEHOLDER } from './starter.ts';

/** Places of a written configuration that nobody has filled in yet: it is sound, and lets nobody in. */
export function placeholderWarnings({ issuers }: Config, places: Readonly<Record<string, Place>>): Issue[] {
  const warning = (path: string, message: string, fix: string): Issue => {
    const place = placeAt(places, path);
    return { ...errorIssue(path, message, { place, fix }), severity: 'warning' };
  };
  return issuers.flatMap(({ path, issuer, audiences }) => [
    ...(issuer === PLACEHOLDER.issuer
      ? [warning(`${path}.issuer`, 'this place is to be filled in: nobody has a token of this issuer', ISSUER_FIX)]
      : []),
    ...(audiences.includes(PLACEHOLDER.audience)
      ? [warning(`${path}.audience`, 'this place is to be filled in: no token is for this audience', AUDIENCE_FIX)]
      : []),
  ]);
}

const ISSUER_FIX = 'put in your authorization server, as the `iss` of its tokens says it';
const AUDIENCE_FIX = 'put in what the `aud` of tokens for these APIs says';
