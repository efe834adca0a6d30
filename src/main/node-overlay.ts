import { createPseudonyms } from '../audit/index.ts';
import { errorIssue, type Issue, type Result } from '../base/index.ts';
import { type Gathered, readAuthorityName } from '../config/index.ts';
import { type KnownNames, overlayOf, type OverlayDraft, Overlays, type OverlayChange } from '../control/index.ts';
import { OVERLAY_TABLE, type OverlayTarget } from '../policy/index.ts';
import { pseudonymKey } from './ledger-changes.ts';
import type { PartOptions } from './credential-part.ts';

/** The operator's grants and denials of a node. */
export interface NodeOverlay {
  readonly overlays: Overlays;
  /** Names as the configuration in force knows them. */
  add(draft: OverlayDraft, author: string): Promise<Result<OverlayChange, string>>;
  /** The issuer's name in the configuration in force, or its identifier where it has none any more. */
  issuerName(target: OverlayTarget): string;
  fill(gathered: Gathered): Promise<readonly Issue[]>;
  retain(gathered: Gathered): void;
  close(): Promise<void>;
}

/** Whose callers those are who show keys that the gateway has given out. */
const OF_KEYS = 'api-key';

const NOTHING: KnownNames = { issuers: new Map(), authority: () => null, roles: new Set(), permissions: new Set() };

/** Opens them: nothing is read before the first filling. */
export function openNodeOverlay({ host, store, tables, alerts, record, inForce, keyring }: PartOptions): NodeOverlay {
  const { clock, random, log } = host;
  const overlays = new Overlays({
    ...{ store, tables, clock, log, alerts, record, inForce },
    random: (bytes) => random.fill(bytes),
    pseudonym: createPseudonyms(pseudonymKey(keyring)),
  });
  let known: KnownNames | null = null;
  return {
    overlays,
    add: async (draft, author) => {
      const made = overlayOf(draft, known ?? NOTHING, { author, nowMs: clock.now() });
      return made.ok ? await overlays.add(made.value) : made;
    },
    issuerName: ({ issuer }) => [...(known ?? NOTHING).issuers].find(([, each]) => each === issuer)?.[0] ?? issuer,
    fill: async (gathered) => {
      known ??= knownNames(gathered);
      if (await overlays.load()) return [];
      return [errorIssue('data', `what the table ${OVERLAY_TABLE.name} holds can’t be read from the data folder`)];
    },
    retain: (gathered) => {
      known = knownNames(gathered);
      for (const [what, name] of lostNames(overlays.list(), known))
        log.write(
          'warn',
          'overlay.name-gone',
          'a grant or a denial by hand names what is in the configuration no more',
          {
            what,
            name,
          },
        );
    },
    close: () => overlays.close(),
  };
}

/** What grants and denials name and a configuration does not, each once: of that they say nothing there. */
function lostNames(
  kept: ReturnType<Overlays['list']>,
  { issuers, authority, roles, permissions }: KnownNames,
): Iterable<readonly [what: string, name: string]> {
  const identifiers = new Set(issuers.values());
  const lost = kept.flatMap(({ document: { issuer, ...named } }) => [
    ...(identifiers.has(issuer) || authority(issuer) !== null ? [] : [['issuer', issuer] as const]),
    ...named.roles.filter((role) => !roles.has(role)).map((role) => ['role', role] as const),
    ...named.permissions.filter((each) => !permissions.has(each)).map((each) => ['permission', each] as const),
  ]);
  return new Map(lost.map((each) => [each.join(' '), each])).values();
}

function knownNames({ config, descriptions }: Gathered): KnownNames {
  const operations = config.apis.flatMap((api) => Object.values(api.operations));
  const described = Object.values(descriptions).flatMap((description) => description.operations);
  const scopes = described.flatMap(({ security }) =>
    (security ?? []).flatMap((all) => all.flatMap((each) => each.scopes)),
  );
  return {
    // Of an issuer with tenants each has an identifier of its own, and its users are others than those of the same name.
    issuers: new Map([
      [OF_KEYS, OF_KEYS],
      ...config.issuers.flatMap(({ name, issuer, tenants }) =>
        tenants === null || tenants === undefined
          ? [[name, issuer] as const]
          : tenants.map((tenant) => issuer.replace('{tenantid}', tenant)).map((each) => [each, each] as const),
      ),
    ]),
    authority: certificateAuthority(config),
    roles: new Set(config.roles.map(({ name }) => name)),
    permissions: new Set([
      ...config.roles.flatMap(({ can }) => can),
      ...operations.flatMap(({ needs }) => needs ?? []),
      ...scopes,
    ]),
  };
}

/**
 * Any CA by its subject, where certificates say who calls: one that stands between the CAs of the configuration and a
 * client is sent along by the client, and stands in no file.
 */
function certificateAuthority({ apis }: Gathered['config']): KnownNames['authority'] {
  if (!apis.some(({ policies }) => policies.some(({ kind }) => kind === 'mtls'))) return () => null;
  return (name) => {
    const read = readAuthorityName(name);
    return read.ok ? read.value : null;
  };
}
