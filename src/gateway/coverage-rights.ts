import type { CoverageCell } from '../base/index.ts';
import type { ApiConfig, Configured, ModedRule, OperationAccess, OperationConfig } from '../config/compiled.ts';
import { type FieldRules, needsCaller } from '../policy/index.ts';

/** An operation as the configuration says it, and where its keys stand. */
interface Cited {
  readonly api: ApiConfig;
  readonly own: OperationConfig | null;
  readonly config: Configured['config'];
  readonly lineOf: (path: string) => string | null;
}

/** Who may do what besides the permissions needed: rules, objects and fields. What only observes is open. */
export function rightsCells({ api, own, config, lineOf }: Cited): readonly CoverageCell[] {
  // The rules of the gateway are about clients.
  const everywhere = api.party === null ? [...config.denials, ...api.denials] : api.denials;
  // What names the caller is not asked where nobody is ever known.
  const isOpen = (own?.auth ?? api.auth) === 'public';
  const shared = isOpen ? everywhere.filter((rule) => !needsCaller(rule)) : everywhere;
  const access = own?.access ?? null;
  const denials = ruleCells([...shared, ...(access?.deny ?? [])], ['denied by', 'rule'], lineOf);
  if (own === null || access === null) return denials;
  return [
    ...denials,
    ...ruleCells(access.when, ['when', 'condition'], lineOf),
    ...objectCells(access, lineOf),
    ...fieldCells('fields', access, lineOf),
    ...fieldCells('accepts', access, lineOf),
    ...observedCells(access, lineOf(`${own.path}.observe`)),
  ];
}

type LineOf = Cited['lineOf'];

function ruleCells(
  rules: readonly ModedRule[],
  [verb, noun]: readonly [verb: string, noun: string],
  lineOf: LineOf,
): readonly CoverageCell[] {
  return (['enforce', 'observe'] as const).flatMap((mode) => {
    const found = rules.filter((rule) => rule.mode === mode);
    const [first] = found;
    if (first === undefined) return [];
    const count = found.length === 1 ? `1 ${noun}` : `${found.length} ${noun}s`;
    const open = mode === 'observe';
    return [
      cell(
        open ? `${count} that only observe${found.length === 1 ? 's' : ''}` : `${verb} ${count}`,
        open,
        lineOf(first.path),
      ),
    ];
  });
}

function objectCells({ object, observe }: OperationAccess, lineOf: LineOf): readonly CoverageCell[] {
  if (object === null) return [];
  const whole = object.lookup === null ? 'a rule on the object' : 'a rule on the object, whose owner is looked up';
  const what = object.each === null ? whole : 'a rule on each object of a list';
  const open = observe.includes('object');
  return [cell(open ? `${what}, only observed` : what, open, lineOf(object.path))];
}

const FIELDS = { fields: 'fields of replies', accepts: 'fields of requests' } as const;

/** Open also where everybody has all of them. */
function fieldCells(key: keyof typeof FIELDS, access: OperationAccess, lineOf: LineOf): readonly CoverageCell[] {
  const rules = access[key];
  if (rules === null) return [];
  const observed = access.observe.includes(key);
  const all = isAll(rules);
  const words = `${all ? 'all ' : ''}${FIELDS[key]}${all ? ' for everybody' : ' by role'}`;
  return [cell(observed ? `${words}, only observed` : words, observed || all, lineOf(rules.path))];
}

function isAll({ default: everybody }: FieldRules): boolean {
  return (
    everybody.length > 0 &&
    everybody.every(({ change }) => change === 'add') &&
    everybody.some(({ names }) => names.length === 0)
  );
}

/** Keys whose cells are made elsewhere. */
function observedCells({ observe }: OperationAccess, from: string | null): readonly CoverageCell[] {
  return (['needs', 'assurance'] as const)
    .filter((key) => observe.includes(key))
    .map((key) => cell(`${key} only observed`, true, from));
}

function cell(holds: string, open: boolean, from: string | null): CoverageCell {
  return { aspect: 'authorization', holds, open, from };
}
