import type { Place } from '../base/index.ts';
import type { ApiConfig, PolicyUse } from '../config/compiled.ts';

/** Where a rule stands, and what it says. */
export interface RulePlace {
  readonly kind: string;
  /** Its key path. */
  readonly path: string;
  readonly place: Place | null;
  /** Its condition, as it is written; null where it is none. */
  readonly text: string | null;
  /** Whether its condition refuses where it holds. */
  readonly denies: boolean;
}

/** Who decided of which operation, as records and verdicts say it. */
export interface NamedRule {
  /** `API/OPERATION`. */
  readonly operation: string;
  readonly policy: string;
  readonly rule: string | null;
}

/** What rules are looked up in: the APIs of a configuration, and where its key paths stand. */
export interface RuleBook {
  readonly apis: readonly ApiConfig[];
  readonly place: (path: string) => Place | null;
}

/** Where a rule stands; null where the configuration has no such policy. */
export function placeOfRule(named: NamedRule, { apis, place }: RuleBook): RulePlace | null {
  const api = apis.find(({ policies }) => policies.some(({ name }) => name === named.policy));
  const use = api?.policies.find(({ name }) => name === named.policy);
  if (api === undefined || use === undefined) return null;
  const found = ruleIn(use, api, named);
  const { text = null, denies = false } = found;
  return { kind: use.kind, path: found.path, place: nearest(found.path, place), text, denies };
}

interface Found {
  readonly path: string;
  readonly text?: string;
  readonly denies?: boolean;
}

function ruleIn(use: PolicyUse, api: ApiConfig, { operation, rule }: NamedRule): Found {
  const name = operation.slice(api.name.length + 1);
  const own = Object.hasOwn(api.operations, name) ? api.operations[name] : undefined;
  switch (use.kind) {
    case 'permission':
      return { path: (own?.needs ?? null) === null ? use.path : `${own?.path}.needs` };
    case 'assurance':
      return { path: own === undefined ? use.path : `${own.path}.assurance` };
    case 'conditions':
      return own?.rules[Number(/^rules\[(\d+)\]$/.exec(rule ?? '')?.[1] ?? -1)] ?? { path: use.path };
    case 'access-rules':
    case 'object':
    case 'fields':
    case 'accepts': {
      const said = accessRulesOf(api, own);
      // What stands behind the mark is the place in a body.
      const [id = ''] = rule?.split('#', 1) ?? [];
      return said.find((each) => each.id === id) ?? idIn(use.config, id) ?? { path: use.path };
    }
    default:
      return { path: use.path };
  }
}

function accessRulesOf(
  { denials }: ApiConfig,
  own: ApiConfig['operations'][string] | undefined,
): readonly (Found & { readonly id: string })[] {
  const denying = [...(own?.access.deny ?? []), ...denials].map((each) => ({ ...each, denies: true }));
  if (own === undefined) return denying;
  const { when, object, fields, accepts } = own.access;
  return [...denying, ...when, ...[object, fields, accepts].filter((each) => each !== null)];
}

/** The rules of the gateway stand with those of each API that they hold for. */
function idIn(config: unknown, id: string): Found | null {
  const { deny = [] } = (config ?? {}) as { readonly deny?: readonly (Found & { readonly id: string })[] };
  const found = deny.find((each) => each.id === id);
  return found === undefined ? null : { ...found, denies: true };
}

/** The place of a key, or of the nearest one that it stands in. */
function nearest(path: string, place: RuleBook['place']): Place | null {
  let at = path;
  while (at !== '') {
    const found = place(at);
    if (found !== null) return found;
    // Names of operations may hold dots and brackets: what is cut there is no key, and is cut further.
    at = at.slice(0, Math.max(at.lastIndexOf('.'), at.lastIndexOf('['), 0));
  }
  return null;
}
