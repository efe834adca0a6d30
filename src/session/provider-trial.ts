import { err, ok, type Result } from '../base/index.ts';
import { issuerNames } from '../credential/index.ts';
import { Provider, type ProviderPorts } from './provider.ts';
import type { ProviderSettings } from './settings.ts';

/** What is made up for one trial: a code, and what a browser and we would have kept for it; nobody has had any of it before. */
export interface MadeUpSignIn {
  readonly code: string;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** A port that nobody listens at: a code that was made up fails whatever it was for. */
const CALLBACK = 'https://localhost/.portcullis/callback/trial';

/** What a client hears that is not known by what it shows (RFC 6749 §5.2); some say the second of a wrong secret. */
const UNKNOWN_CLIENT: readonly string[] = ['invalid_client', 'unauthorized_client'];

/**
 * Tries a provider: its metadata, and whether it takes us as its client, by a code that was made up. One that knows us says
 * that it does not know the code (`invalid_grant`). The words are for the operator.
 */
export async function tryProvider(
  settings: ProviderSettings,
  made: MadeUpSignIn,
  ports: Pick<ProviderPorts, 'egress' | 'clock' | 'readJson'>,
): Promise<Result<string, string>> {
  const provider = new Provider(settings, { ...ports, keys: { rows: () => new Map(), want: () => null } });
  const { code, state, nonce, verifier } = made;
  const callback = new URL(
    `${CALLBACK}?${new URLSearchParams({ code, state, iss: issuerNames(settings)[0] ?? '' }).toString()}`,
  );
  const asked = { redirectUri: CALLBACK, state, nonce, verifier, maxAgeMs: null, acrValues: null };
  const answer = await provider.exchange(callback, asked);
  if (answer.ok) return err('it gives tokens for a code that was made up');
  const { kind, code: said, words } = answer.error;
  if (kind !== 'refused') return err(words);
  if (said === 'invalid_grant') return ok('it takes the gateway as its client');
  if (UNKNOWN_CLIENT.includes(said)) return err(`it does not take the gateway as its client: ${said}`);
  return ok(`it answers, but not whether it takes the gateway as its client: ${said}`);
}
