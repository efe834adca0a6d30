import { errorIssue, type Issue, type Place } from '../base/index.ts';
import {
  compileParameters,
  type DescribedOperation,
  type DescribedParameter,
  type ParameterJudge,
  parseTemplate,
  type Segment,
} from '../openapi/index.ts';
import { caseSiblings, type CaseSibling, caseVariants, type Crossing, type Routed } from './case-siblings.ts';
import type { ApiConfig, AuthConfig, Config, ValidateConfig } from './config.ts';
import type { DescribedDocument } from './description-document.ts';
import { placeAt } from './place-at.ts';
import { routeName } from './routes.ts';
import { routeSaidAt } from './said-at.ts';

/** More of them say nothing new: such an API has parameters beside literals all over. */
const WARNING_LIMIT = 20;

/**
 * Operations that an upstream which ignores the case of paths would serve by the rights of another: `/orders/Export`
 * is `/orders/{id}` here, and `/orders/export` there. Told are those of which the other has weaker rights, but not
 * where the description of the parameter refuses the literal in whatever case.
 */
export function caseWarnings(
  config: Config,
  documents: ReadonlyMap<string, DescribedDocument>,
  places: Readonly<Record<string, Place>>,
): Issue[] {
  const warnings: Issue[] = [];
  for (const api of config.apis) {
    const document = documents.get(api.name) ?? null;
    const takes = createParameterCheck(document);
    const found = new Map<Ruled, CaseSibling<Ruled>[]>();
    for (const pair of caseSiblings(ruledOf(api, document))) {
      const { own, sibling } = pair;
      if (!isWeaker(sibling.rights, own.rights) || !isTaken(pair, takes)) continue;
      const pairs = found.get(sibling);
      if (pairs !== undefined) pairs.push(pair);
      else if (warnings.length + found.size < WARNING_LIMIT) found.set(sibling, [pair]);
      else break;
    }
    warnings.push(...[...found.values()].map((pairs) => warningOf(pairs, places)));
  }
  return warnings;
}

/** Who may call an operation. `needs` are alternatives; none at all means whoever has signed in. */
interface Rights {
  readonly auth: AuthConfig;
  readonly needs: readonly (readonly string[])[];
}

/** An operation with what its API says of it. */
interface Ruled extends Routed {
  readonly template: string;
  readonly rights: Rights;
  readonly validate: ValidateConfig;
  /** Null where it is a route written by hand. */
  readonly described: DescribedOperation | null;
  /** The key path of what brings it into the configuration. */
  readonly path: string;
}

function ruledOf(api: ApiConfig, document: DescribedDocument | null): readonly Ruled[] {
  if (api.source.kind === 'routes') {
    return api.source.routes.flatMap((route, index) => {
      const template = parseTemplate(route.template);
      if (!template.ok) return [];
      const { segments } = template.value;
      const rule = ruleOf(api, routeName(route), null);
      return [{ ...route, ...rule, segments, described: null, path: routeSaidAt(api, index) }];
    });
  }
  return (document?.description.operations ?? []).map((described) => {
    const { id, method, template, segments } = described;
    const rule = ruleOf(api, id, described.security);
    return { method, template, segments, ...rule, described, path: `${api.path}.openapi` };
  });
}

function ruleOf(
  api: ApiConfig,
  name: string,
  security: DescribedOperation['security'],
): Pick<Ruled, 'rights' | 'validate'> {
  const own = Object.hasOwn(api.operations, name) ? api.operations[name] : undefined;
  const needs = own?.needs ?? null;
  const alternatives = needs === null ? (security ?? []).map((all) => all.flatMap(({ scopes }) => scopes)) : [needs];
  const isFree = alternatives.some((all) => all.length === 0);
  return {
    rights: { auth: own?.auth ?? api.auth, needs: isFree ? [] : alternatives },
    validate: own?.validate ?? api.validate,
  };
}

/** Whether somebody may call the one who may not call the other. */
function isWeaker(one: Rights, other: Rights): boolean {
  if (other.auth === 'public') return false;
  if (one.auth === 'public' || one.auth.some((issuer) => !other.auth.includes(issuer))) return true;
  if (other.needs.length === 0) return false;
  const suffices = (held: readonly string[]): boolean =>
    other.needs.some((all) => all.every((permission) => held.includes(permission)));
  return one.needs.length === 0 || !one.needs.every(suffices);
}

/** Tells whether a parameter of the path takes a text. */
type ParameterCheck = (operation: Ruled, name: string, text: string) => boolean;

/** Whether the sibling takes the literals, at least one of them in another case. */
function isTaken({ sibling, crossings }: CaseSibling<Ruled>, takes: ParameterCheck): boolean {
  const taken = crossings.map((crossing) => {
    const check = (text: string): boolean => takesText(sibling, crossing, text, takes);
    const inOtherCase = caseVariants(crossing.literal).some(check);
    return { inOtherCase, atAll: inOtherCase || check(crossing.literal) };
  });
  return taken.every(({ atAll }) => atAll) && taken.some(({ inOtherCase }) => inOtherCase);
}

function takesText(sibling: Ruled, { segment }: Crossing, text: string, takes: ParameterCheck): boolean {
  switch (segment.kind) {
    case 'parameter':
      return takes(sibling, segment.name, text);
    case 'rest':
      return true;
    case 'mixed':
      return fits(segment.pieces, text);
  }
}

/** Whether a text has the literals in their order, with something for each parameter; what describes them is not asked. */
function fits(pieces: Extract<Segment, { kind: 'mixed' }>['pieces'], text: string): boolean {
  let at = 0;
  for (const [index, piece] of pieces.entries()) {
    if (piece.kind === 'parameter') {
      at++;
      continue;
    }
    const isLast = index === pieces.length - 1;
    const found = index === 0 ? 0 : isLast ? text.length - piece.text.length : text.indexOf(piece.text, at);
    if (found < at || !text.startsWith(piece.text, found)) return false;
    at = found + piece.text.length;
  }
  return at <= text.length;
}

/** Judges as traffic is judged. The document is read when it is first needed. */
function createParameterCheck(document: DescribedDocument | null): ParameterCheck {
  if (document === null) return () => true;
  let parsed: unknown;
  const judges = new Map<DescribedParameter, ParameterJudge | null>();
  const judgeOf = (parameter: DescribedParameter): ParameterJudge | null => {
    parsed ??= JSON.parse(Buffer.from(document.json).toString()) as unknown;
    const source = { document: parsed, specification: document.description.specification };
    const judge = compileParameters({ source, parameters: [parameter], credentials: [], readJson: () => undefined });
    // What can't be compiled is an issue of its own when the API is built.
    return judge.ok ? judge.value : null;
  };
  return (operation, name, text) => {
    const parameter = operation.described?.parameters.find((each) => each.in === 'path' && each.name === name);
    if (parameter === undefined || operation.validate === 'observe') return true;
    const known = judges.get(parameter);
    const judge = known === undefined ? judgeOf(parameter) : known;
    judges.set(parameter, judge);
    return judge === null || judge({ [name]: decodeURIComponent(text) }, NO_HEAD) === null;
  };
}

const NO_HEAD = { query: null, headers: { get: () => null, all: () => [] } };

function warningOf(pairs: readonly CaseSibling<Ruled>[], places: Readonly<Record<string, Place>>): Issue {
  const { own, sibling, crossings } = pairs[0] as CaseSibling<Ruled>;
  const literal = crossings.find((each) => caseVariants(each.literal).length > 0)?.literal ?? '';
  const segments = own.template.split('/');
  segments[segments.indexOf(literal)] = caseVariants(literal)[0] ?? literal;
  const written = segments.join('/');
  const more = pairs.length > 1 ? ` (and ${pairs.length - 1} more like it)` : '';
  const message =
    `${written} reaches ${sibling.method} ${sibling.template} by its weaker rights; ` +
    `an upstream that ignores case would answer as ${own.method} ${own.template}${more}`;
  const fix =
    sibling.described === null
      ? 'give both the same rights, or make sure that the upstream minds the case'
      : 'give the parameter a pattern that excludes it, or both the same rights';
  const place = placeAt(places, sibling.path);
  return { ...errorIssue(sibling.path, message, { place, fix }), severity: 'warning' };
}
