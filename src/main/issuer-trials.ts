import { err, ok, type Result } from '../base/index.ts';
import { parseJson } from '../body/index.ts';
import type { IssuerTrial } from '../cli/index.ts';
import type { Gathered } from '../config/index.ts';
import { askOnce, fetchIssuerKeys, type KeyRow, readKeySet } from '../credential/index.ts';
import { type AskedIssuer, isAsked, readAnswer } from '../policy/index.ts';
import { tryProvider } from '../session/index.ts';
import type { HostPorts } from './host-ports.ts';
import { gatheredBytes } from './gathered-text.ts';
import { randomName, serverOf } from './node-introspection.ts';
import { keySourceOf } from './node-issuers.ts';
import { settingsOf } from './node-sessions.ts';

type Ports = Pick<HostPorts, 'egress' | 'clock' | 'random'>;

/**
 * Tries the issuers of a configuration as the gateway would use them: those that are asked about tokens by one that was
 * made up, those that people sign in with by a code that was made up. `names`: which of them.
 */
export async function tryIssuers(
  ports: Ports,
  gathered: Gathered,
  names: ReadonlySet<string>,
): Promise<readonly IssuerTrial[]> {
  const asked = gathered.config.issuers.filter(isAsked).filter(({ name }) => names.has(name));
  const providers = settingsOf(gathered).providers.filter(({ name }) => names.has(name));
  return await Promise.all([
    ...asked.map(async (issuer): Promise<IssuerTrial> => {
      return { issuer: issuer.name, use: 'introspection', came: await tryAsking(issuer, gathered, ports) };
    }),
    ...providers.map(async (settings): Promise<IssuerTrial> => {
      const name = (): string => randomName(ports.random);
      const made = { code: name(), state: name(), nonce: name(), verifier: name() + name() };
      const came = await tryProvider(settings, made, { ...ports, readJson: parseJson });
      return { issuer: settings.name, use: 'login', came };
    }),
  ]);
}

async function tryAsking(issuer: AskedIssuer, gathered: Gathered, ports: Ports): Promise<Result<string, string>> {
  const { egress, clock, random } = ports;
  const id = (): string => randomName(random);
  const token = `${issuer.introspection.prefix ?? ''}${id()}`;
  const said = await askOnce(serverOf(issuer, gathered), token, { egress, now: () => clock.now(), id });
  if (!said.ok) return said;
  const rows = await rowsOf(issuer, gathered, ports);
  if (!rows.ok) return rows;
  const answer = readAnswer(said.value, { issuer, rows: rows.value, nowMs: clock.now() });
  const isBelieved = answer.ok || answer.error.kind === 'refused';
  if (!isBelieved) return err(`its answer is none that can be believed: ${answer.error.fault}`);
  return !answer.ok && answer.error.fault === 'inactive'
    ? ok('it takes the gateway as its client, and knows no token that was made up')
    : err('it calls a token active that was made up');
}

/** The keys that answers are signed with; none where they are not. */
async function rowsOf(
  issuer: AskedIssuer,
  { files }: Gathered,
  { egress }: Ports,
): Promise<Result<ReadonlyMap<string, KeyRow>, string>> {
  if (!issuer.introspection.signed) return ok(new Map());
  const { keys } = issuer;
  const fetched =
    keys.kind === 'file'
      ? readKeySet(gatheredBytes(files, keys.path))
      : await fetchIssuerKeys(keySourceOf(issuer, keys, files), egress);
  return fetched.ok ? ok(new Map(fetched.value.rows.map((row) => [row.thumbprint, row]))) : fetched;
}
