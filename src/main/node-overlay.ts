import { createPseudonyms } from '../audit/index.ts';
import { errorIssue, type Issue, type Result } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
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

const NOTHING: KnownNames = { issuers: new Map(), roles: new Set(), permissions: new Set() };

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
      const lost = overlays
        .list()
        .flatMap(({ document: { roles } }) => roles.filter((role) => !known?.roles.has(role)));
      for (const role of new Set(lost))
        log.write('warn', 'overlay.role-gone', 'a role that is granted or denied by hand is not in the configuration', {
          role,
        });
    },
    close: () => overlays.close(),
  };
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
    roles: new Set(config.roles.map(({ name }) => name)),
    permissions: new Set([
      ...config.roles.flatMap(({ can }) => can),
      ...operations.flatMap(({ needs }) => needs ?? []),
      ...scopes,
    ]),
  };
}
