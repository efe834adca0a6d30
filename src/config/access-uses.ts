import type { AcceptsConfig, AccessRulesConfig, FieldRules, FieldsConfig, ObjectConfig } from '../policy/index.ts';
import type { ModedRule, ObservedKey } from './access-config.ts';
import type { ApiConfig, OperationConfig, PolicyMode, PolicyUse } from './config.ts';

type Operations = readonly (readonly [name: string, operation: OperationConfig])[];
type Values = ApiConfig['values'];

/** Which operations only observe what one of their keys says. */
export function observedModes(operations: Operations, key: ObservedKey): Readonly<Record<string, PolicyMode>> {
  const observing = operations.filter(([, { access }]) => access.observe.includes(key));
  return Object.fromEntries(observing.map(([name]) => [name, 'observe' as const]));
}

/**
 * What is denied, and what must hold: first what refuses, then what only observes, as policies of their own. `denials` are the
 * rules of the gateway.
 */
export function accessRulesPolicies(
  api: ApiConfig,
  operations: Operations,
  { values, denials }: { readonly values: Values; readonly denials: readonly ModedRule[] },
): readonly PolicyUse[] {
  return (['enforce', 'observe'] as const).flatMap((mode) => {
    const ofMode = (rules: readonly ModedRule[]): readonly ModedRule[] => rules.filter((rule) => rule.mode === mode);
    const own = operations.flatMap(([name, { access }]) => {
      const said = { deny: ofMode(access.deny), when: ofMode(access.when) };
      return said.deny.length + said.when.length === 0 ? [] : [[name, said] as const];
    });
    const deny = ofMode([...denials, ...api.denials]);
    const first = deny[0] ?? own.flatMap(([, said]) => [...said.deny, ...said.when])[0];
    if (first === undefined) return [];
    const config: AccessRulesConfig = {
      ...{ errors: api.errors, deny, operations: Object.fromEntries(own), values: { ...values, ...api.values } },
      ...(mode === 'observe' ? { all: true } : {}),
      open: operations.flatMap(([name, { auth }]) => (auth === 'public' ? [name] : [])),
      closed: operations.flatMap(([name, { auth }]) => (auth === null || auth === 'public' ? [] : [name])),
      openByDefault: api.auth === 'public',
    };
    const name = `${api.name}/access-rules${mode === 'observe' ? '/observed' : ''}`;
    return [{ kind: 'access-rules', name, config, mode, modes: {}, path: first.path }];
  });
}

/** Whose objects callers may reach. */
export function objectPolicy(api: ApiConfig, operations: Operations, values: Values): readonly PolicyUse[] {
  const said = operations.flatMap(
    ([
      name,
      {
        access: { object },
      },
    ]) => (object === null ? [] : [[name, object] as const]),
  );
  const [first] = said;
  if (first === undefined) return [];
  const config: ObjectConfig = { operations: Object.fromEntries(said), values: { ...values, ...api.values } };
  const modes = observedModes(operations, 'object');
  return [{ kind: 'object', name: `${api.name}/object`, config, mode: 'enforce', modes, path: first[1].path }];
}

/** Which fields pass: `fields` those of replies, `accepts` those of requests. */
export function fieldPolicy(api: ApiConfig, operations: Operations, key: 'fields' | 'accepts'): readonly PolicyUse[] {
  const said = operations.flatMap(([name, { access }]): readonly (readonly [string, FieldRules])[] => {
    const rules = access[key];
    return rules === null ? [] : [[name, rules]];
  });
  const [first] = said;
  if (first === undefined) return [];
  const modes = observedModes(operations, key);
  const config: FieldsConfig | AcceptsConfig =
    key === 'fields'
      ? { operations: Object.fromEntries(said), observed: Object.keys(modes) }
      : { errors: api.errors, operations: Object.fromEntries(said) };
  return [{ kind: key, name: `${api.name}/${key}`, config, mode: 'enforce', modes, path: first[1].path }];
}
