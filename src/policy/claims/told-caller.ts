import { parseJson } from '../../body/index.ts';
import { err, ok, type Result } from '../../base/index.ts';
import { isIssuerOf, readJwt } from '../../credential/index.ts';
import type { RoleTable } from '../kind.ts';
import type { IssuerConfig } from '../kinds/jwt/config.ts';
import type { Principal } from '../principal.ts';
import { principalOf } from './principal-of.ts';

/** Whom a token would stand for if it held, and the issuer whose mapping says so. */
export interface ToldCaller {
  readonly issuer: IssuerConfig;
  readonly principal: Principal;
}

/**
 * What a token would become, for somebody who asks what a mapping does: nobody has looked at its signature, its times or
 * its audience, so it lets nobody in anywhere. Of several issuers of its `iss` the first counts. The error is in words,
 * and repeats nothing of the token.
 */
export function toldCaller(
  token: string,
  issuers: readonly IssuerConfig[],
  roles: RoleTable,
): Result<ToldCaller, string> {
  const jwt = readJwt(token, parseJson);
  if (!jwt.ok) return err(`the token can't be read: ${jwt.error}`);
  const { claims } = jwt.value;
  const { iss, sub } = claims;
  if (typeof iss !== 'string' || typeof sub !== 'string') return err('the token names no issuer, or no subject');
  const issuer = issuers.find((each) => isIssuerOf(each, iss));
  if (issuer === undefined) return err('none of the issuers of this configuration is the one of the token');
  const made = principalOf({ claims, issuer: iss, subject: sub, expiresAtMs: Number.MAX_SAFE_INTEGER }, issuer, roles);
  return made.ok ? ok({ issuer, principal: made.value }) : err(`the token would be refused for a claim: ${made.error}`);
}
