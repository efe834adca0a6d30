import type { CoverageCell, CoverageRow, Place } from '../base/index.ts';
import {
  assuranceOf,
  assuranceWords,
  type AuthConfig,
  type ApiConfig,
  type Configured,
  type OperationConfig,
  type PolicyUse,
  leaksOf,
  onlyReports,
  replyRules,
  sanitizeMode,
  sanitizeRules,
  waysOf,
} from '../config/compiled.ts';
import { type AssuranceRules, type LimitRule, neededBy, type Operation } from '../policy/index.ts';
import { partyCells } from './coverage-party.ts';
import { proofCells } from './coverage-proof.ts';
import { rightsCells } from './coverage-rights.ts';
import type { CompiledOperation } from './snapshot.ts';

/** What protects each operation, and the line of the configuration each part comes from. */
export function coverageOf(operations: readonly CompiledOperation[], configured: Configured): readonly CoverageRow[] {
  return operations.map((compiled) => {
    const { operation } = compiled;
    // An API stands in the configuration where it stands among those that were compiled.
    const api = configured.config.apis[compiled.api.index] as ApiConfig;
    return {
      operation: operation.id,
      api: operation.api,
      method: operation.method,
      template: operation.template,
      namedInBody: operation.inBody === true ? operation.name : null,
      // The lists are for clients.
      cells: [...cellsOf(compiled, api, configured), ...(api.party === null ? gatewayCells(configured) : [])],
    };
  });
}

/** The lists of the whole gateway, which hold for every operation. */
function gatewayCells({ config: { lists }, place: places }: Configured): readonly CoverageCell[] {
  const rules = lists?.deny ?? lists?.allow ?? null;
  if (rules === null) return [];
  return [{ aspect: 'policy', holds: 'lists of the gateway', open: false, from: lineOf(places, rules.path) }];
}

/** How somebody signs in. */
function wayWords(name: string, issuers: Configured['config']['issuers']): string {
  const asked = issuers.find((issuer) => issuer.name === name)?.introspection ?? null;
  if (asked === null) return name;
  return asked.tokens === 'all' ? `${name} (introspection)` : `${name} (introspection of opaque tokens)`;
}

/** Tells where a key path stands. */
type Places = Configured['place'];

function cellsOf(
  compiled: CompiledOperation,
  api: ApiConfig,
  { config, place: places, securityPlace }: Configured,
): readonly CoverageCell[] {
  const { operation, bodyLimitBytes } = compiled;
  const own = Object.hasOwn(api.operations, operation.name) ? api.operations[operation.name] : undefined;
  const auth = own?.auth ?? api.auth;
  const open = auth === 'public';
  const at: Cited = { operation, api, own: own ?? null, open, places, securityPlace };
  const words = { lineOf: (path: string) => lineOf(places, path), sizeText };
  const signIn: CoverageCell = {
    aspect: 'authentication',
    holds: open ? auth : auth.map((name) => wayWords(name, config.issuers)).join(', '),
    open,
    from: lineOf(places, `${ownerOf(own, own?.auth, api)}.auth`),
  };
  return [
    ...(api.party === null ? [signIn, authorizationCell(at)] : partyCells(api, api.party, config, words)),
    ...rightsCells({ api, own: own ?? null, config, lineOf: words.lineOf }),
    ...assuranceCells(at),
    ...(open || api.party !== null ? [] : proofCells(api, auth, config, words.lineOf)),
    ...policyCells(api, places),
    ...corsCells(api, places),
    ...limitCells(at),
    {
      aspect: 'limits',
      holds: `body ${sizeText(bodyLimitBytes)}`,
      open: false,
      from: lineOf(places, `${ownerOf(own, own?.bodyLimitBytes, api)}.body`),
    },
    validationCell(at),
    ...sanitizeCells(at),
    ...ruleCells(at),
    ...webSocketCells(at),
    ...queryCells(at),
    ...errorCells(at),
    ...leakCells(at),
    ...fileCells(at),
  ];
}

/** An operation and what its API says of it. `open`: anybody may call it. */
interface Cited {
  readonly operation: Operation;
  readonly api: ApiConfig;
  readonly own: OperationConfig | null;
  readonly open: boolean;
  readonly places: Places;
  readonly securityPlace: Configured['securityPlace'];
}

/** The permissions needed. Where none is, every caller who has signed in may do it, and the report says so. */
function authorizationCell(at: Cited): CoverageCell {
  const { operation, api, own, open, places } = at;
  const said = own?.needs ?? null;
  const operations = said === null ? {} : Object.fromEntries([[operation.name, said]]);
  const needed = open ? [] : neededBy(operation, { operations });
  if (needed.length === 0) return { aspect: 'authorization', holds: 'none', open: true, from: null };
  return {
    aspect: 'authorization',
    holds: `needs ${needed.map((all) => all.join(' and ')).join(' or ')}`,
    open: false,
    from: said === null ? describedLine(at) : lineOf(places, `${own?.path ?? api.path}.needs`),
  };
}

/** What is asked of how callers signed in; open where an operation is freed of what its API asks. */
function assuranceCells({ api, own, places }: Cited): readonly CoverageCell[] {
  const rules = assuranceOf(api, own);
  const freed = rules === null && own?.assurance === 'off' && api.assurance !== null;
  if (rules === null && !freed) return [];
  const from = lineOf(places, `${ownerOf(own ?? undefined, own?.assurance, api)}.assurance`);
  if (freed) return [{ aspect: 'policy', holds: 'no assurance', open: true, from }];
  return [
    {
      aspect: 'authentication',
      holds: `${assuranceWords(rules)}${neverWords(rules, own?.auth ?? api.auth)}`,
      open: false,
      from,
    },
  ];
}

/** Who signs in here and is refused all the same, whatever they do. */
function neverWords(rules: AssuranceRules | null, auth: AuthConfig): string {
  if (rules === null || auth === 'public') return '';
  const never = waysOf(rules, auth).flatMap(({ way, can }) => (can ? [] : [way]));
  return never.length === 0 ? '' : ` (never by ${never.join(' or ')})`;
}

/** Where the description says it, as far as that is known; else the key that names the description. */
function describedLine({ operation: { described }, api, places, securityPlace }: Cited): string | null {
  const place = described === null ? null : securityPlace(api.name, described);
  return place === null ? lineOf(places, `${api.path}.openapi`) : textOf(place);
}

/** The limits that hold here: where nobody is known, those of the API that count callers do not. */
function limitCells({ api, own, open, places }: Cited): readonly CoverageCell[] {
  const cellOf = (rule: LimitRule, path: string): CoverageCell => ({
    aspect: 'limits',
    holds: rule.text,
    open: false,
    from: lineOf(places, path),
  });
  const shared = open ? api.limits.filter(({ per }) => per === 'address') : api.limits;
  return [
    ...shared.map((rule) => cellOf(rule, limitPath(places, api.path, api.limits.indexOf(rule)))),
    ...(own?.limits ?? []).map((rule, index) => cellOf(rule, limitPath(places, own?.path ?? api.path, index))),
  ];
}

/** A limit that stands alone has no place in a list. */
function limitPath(places: Places, owner: string, index: number): string {
  const path = `${owner}.limit[${index}]`;
  return places(path) !== null ? path : `${owner}.limit`;
}

function validationCell({ api, own, places }: Cited): CoverageCell {
  if (api.graphql !== null) return graphqlCell(api.graphql, lineOf(places, `${api.path}.graphql`));
  if (api.source.kind === 'routes') {
    return { aspect: 'validation', holds: 'framing and target', open: false, from: null };
  }
  const validate = own?.validate ?? api.validate;
  const passing = validate === 'strict' && replyRules(api, own)?.undescribed === 'report';
  const holds = passing ? 'strict, undescribed fields pass' : validate;
  const from = lineOf(places, `${ownerOf(own ?? undefined, own?.validate, api)}.validate`);
  return { aspect: 'validation', holds, open: validate === 'observe' || passing, from };
}

/** What is asked in GraphQL: open where subscriptions pass, whose messages nobody reads, or costs are not counted. */
function graphqlCell(
  { cost, subscriptions, only }: NonNullable<ApiConfig['graphql']>,
  from: string | null,
): CoverageCell {
  const known = only === 'persisted' ? 'GraphQL, known documents alone' : 'GraphQL';
  const words = [
    known,
    ...(cost === null ? ['without costs'] : []),
    ...(subscriptions === 'pass' ? ['subscriptions pass'] : []),
  ];
  return { aspect: 'validation', holds: words.join(', '), open: words.length > 1, from };
}

/** The conditions that requests must meet besides. */
function ruleCells({ own, places }: Cited): readonly CoverageCell[] {
  const rules = own?.rules ?? [];
  if (own === null || rules.length === 0) return [];
  const holds = rules.length === 1 ? '1 rule' : `${rules.length} rules`;
  return [{ aspect: 'validation', holds, open: false, from: lineOf(places, `${own.path}.rules`) }];
}

/** What is cleaned before it is validated. */
function sanitizeCells({ operation, api, own, places }: Cited): readonly CoverageCell[] {
  const rules = sanitizeRules(api.sanitize, own?.sanitize ?? null);
  const mayHaveBody = !/^(?:GET|HEAD)$/.test(operation.method) || (operation.described?.requestBody ?? null) !== null;
  const ofBody = mayHaveBody ? Object.keys(rules?.body ?? {}).length : 0;
  const count = ofBody + Object.keys(rules?.query ?? {}).length;
  if (count === 0) return [];
  const open = sanitizeMode(api.sanitize, own?.sanitize ?? null) === 'observe';
  const holds = `cleans ${count === 1 ? '1 field' : `${count} fields`}${open ? ', only noted' : ''}`;
  return [
    {
      aspect: 'validation',
      holds,
      open,
      from: lineOf(places, `${ownerOf(own ?? undefined, own?.sanitize, api)}.sanitize`),
    },
  ];
}

/** Where WebSocket is offered its frames are judged, and the page that opens one unless any may. */
function webSocketCells({ own, places }: Cited): readonly CoverageCell[] {
  const offered = own?.websocket ?? null;
  if (own === null || offered === null) return [];
  const open = offered.origins === 'any';
  const holds = open ? 'WebSocket from any page' : 'WebSocket';
  return [{ aspect: 'validation', holds, open, from: lineOf(places, `${own.path}.websocket`) }];
}

/** Queries bear no tokens unless it is said that they may. */
function queryCells({ api, open, places }: Cited): readonly CoverageCell[] {
  if (open || api.tokensInQuery === 'refuse') return [];
  const from = lineOf(places, `${api.path}.tokensInQuery`);
  return [{ aspect: 'policy', holds: 'queries may bear tokens', open: true, from }];
}

/** Errors of the upstream are replaced unless it is said that they pass. */
function errorCells({ operation, api, own, places }: Cited): readonly CoverageCell[] {
  const passes = (own?.upstreamErrors ?? api.upstreamErrors) === 'pass' && operation.described?.grpc === undefined;
  if (!passes) return [];
  const from = lineOf(places, `${ownerOf(own ?? undefined, own?.upstreamErrors, api)}.upstreamErrors`);
  return [{ aspect: 'policy', holds: 'errors of the upstream pass', open: true, from }];
}

/** What must not leave, where anything is looked for; open where an operation is left out, or all is only told of. */
function leakCells({ api, own, places }: Cited): readonly CoverageCell[] {
  const rules = leaksOf(api, own);
  const from = lineOf(places, `${ownerOf(own ?? undefined, own?.leaks, api)}.leaks`);
  if (rules !== null) {
    const open = onlyReports(rules);
    return [{ aspect: 'policy', holds: open ? 'leaks are only told of' : 'leaks of text', open, from }];
  }
  return own?.leaks === 'off' ? [{ aspect: 'policy', holds: 'leaks are not looked for', open: true, from }] : [];
}

/** What files are held to, and what of them nobody looks at. */
function fileCells({ api, own, places }: Cited): readonly CoverageCell[] {
  const files = own?.files ?? api.files;
  if (files === null) return [];
  const scanned = files.scan === null ? '' : `, scanned by ${files.scan}`;
  const open = files.archives === 'pass';
  const holds = `files${open ? ', archives unopened' : ''}${scanned}`;
  return [{ aspect: 'validation', holds, open, from: lineOf(places, files.path) }];
}

/** The key path of whoever says it: the operation where it has a word of its own, else the API. */
function ownerOf(own: OperationConfig | undefined, said: unknown, api: ApiConfig): string {
  return own === undefined || said === null || said === undefined ? api.path : own.path;
}

function policyCells(api: ApiConfig, places: Places): readonly CoverageCell[] {
  return api.policies
    .filter((use) => isNamed(use, api))
    .map((use) => ({
      aspect: 'policy',
      holds: use.name,
      open: false,
      from: lineOf(places, use.path),
    }));
}

/** Whose pages read the replies: open where those of any do. Without a word that is the upstream's matter. */
function corsCells({ cors, path }: ApiConfig, places: Places): readonly CoverageCell[] {
  if (cors === null) return [];
  const from = lineOf(places, `${path}.cors`);
  if (cors === 'off') return [{ aspect: 'policy', holds: 'pages of no other origin', open: false, from }];
  const open = cors.origins === 'any' || cors.origins.includes('null');
  const holds = open ? 'pages of any origin' : `pages of ${cors.origins.length} listed`;
  return [{ aspect: 'policy', holds, open, from }];
}

/** What stands below `policies`, and the lists. What other keys make has cells of its own, or protects nothing. */
function isNamed({ kind, path }: PolicyUse, api: ApiConfig): boolean {
  return kind === 'lists' || path.startsWith(`${api.path}.policies`);
}

function lineOf(places: Places, path: string): string | null {
  const place = places(path);
  return place === null ? null : textOf(place);
}

function textOf({ file, line }: Place): string {
  return `${file}:${line}`;
}

const UNITS = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const;

function sizeText(bytes: number): string {
  const unit = UNITS.find(([, size]) => bytes >= size && bytes % size === 0);
  return unit === undefined ? `${bytes}B` : `${bytes / unit[1]}${unit[0]}`;
}
