import { err, ok, type Result } from '../base/index.ts';
import type { StarterSignIn } from '../config/index.ts';
import type { Given, OptionSpec } from './command.ts';

/** What the command line says of who may call; null where it says nothing. */
export type AskedSignIn = Extract<StarterSignIn, { kind: 'public' | 'issuer' }> | null;

/** The options that say who may call. */
export const SIGN_IN_OPTIONS = {
  issuer: { value: 'URL', says: 'whose tokens are taken: your authorization server, as `iss` in its tokens says it' },
  audience: { value: 'TEXT', says: 'for whom those tokens must be, as `aud` says it' },
  public: { value: null, says: 'let everybody call, without a token' },
} satisfies Readonly<Record<string, OptionSpec>>;

/** Reads those options. The error is in words for the terminal. */
export function readSignIn({ flags, values }: Given): Result<AskedSignIn, string> {
  const issuer = values.get('issuer');
  const audience = values.get('audience');
  if (flags.has('public')) {
    return issuer === undefined && audience === undefined
      ? ok({ kind: 'public' })
      : err('--public lets everybody call, so there is no --issuer and no --audience with it');
  }
  if (issuer !== undefined && audience !== undefined) return ok({ kind: 'issuer', issuer, audience });
  if (issuer === undefined && audience === undefined) return ok(null);
  return err(
    issuer === undefined
      ? '--audience is said of tokens of an --issuer, and that is missing'
      : '--issuer needs --audience TEXT: its tokens for other APIs must not open this one',
  );
}
