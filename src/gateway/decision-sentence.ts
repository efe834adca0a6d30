import { problemCatalogue, type ProblemCode } from '../base/index.ts';
import type { Gathered, GivenReply } from '../config/compiled.ts';
import { neededBy } from '../policy/index.ts';
import { type NamedRule, placeOfRule, type RuleBook, type RulePlace } from './rule-place.ts';
import type { Rehearsal, RehearsedVerdict } from './rehearse.ts';
import type { Snapshot } from './snapshot.ts';
import { fieldsGone } from './fields-gone.ts';

/** Why something was decided: in a sentence, and by which rule of which line. */
export interface DecisionReason {
  readonly sentence: string;
  readonly rule: string | null;
  readonly policy: string | null;
  readonly file: string | null;
  readonly line: number | null;
}

/** A refusal, as a verdict or a record tells it. */
export interface ToldRefusal {
  readonly status: number;
  readonly code: ProblemCode;
  readonly policy: string | null;
  readonly rule: string | null;
  /** What is known besides, for the operator. */
  readonly why: string | null;
  /** `API/OPERATION`; null where the request led to none. */
  readonly operation: string | null;
  /** Whether what they are gives them the permission, and the scopes of their credential leave it out; false if nothing is said. */
  readonly isNarrowed?: boolean;
}

/** Says why a request was refused; `who` is whoever sent it, in words. */
export function refusalReason(
  told: ToldRefusal,
  who: string,
  book: RuleBook,
  came: 'Refused' | 'Would have been refused' = 'Refused',
): DecisionReason {
  const { status, code, policy, rule, why, operation } = told;
  const named = operation === null || policy === null ? null : { operation, policy, rule };
  const found = named === null ? null : placeOfRule(named, book);
  const because =
    named === null
      ? lowered(problemCatalogue[code].cause)
      : clauseOf({ ...named, code, isNarrowed: told.isNarrowed ?? false }, found);
  const what = operation === null ? 'this request leads nowhere' : `${who} may not call ${operation}`;
  // It may begin with the rule, which is told already, and say no more than that it does not hold.
  const besides = rule !== null && why?.startsWith(`${rule} `) === true ? why.slice(rule.length + 1) : why;
  const isTold = besides === null || SAID_BY_THE_CLAUSE.has(besides) || because.includes(besides) || named === null;
  const more = isTold ? '' : ` (${besides})`;
  const sentence = ended(`${came} (${status} ${code}): ${what}: ${because}${more}`);
  return { sentence, rule, policy, file: found?.place?.file ?? null, line: found?.place?.line ?? null };
}

/** Who calls, as far as sentences name them. */
export type NamedCaller =
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'known';
      readonly subject: string;
      readonly roles: readonly string[];
      readonly permissions: readonly string[];
      /** Those of the credential, which narrow; nothing does where it has none. */
      readonly scopes: readonly string[] | null;
      /** False where they do not narrow after all. */
      readonly scopesNarrow?: boolean;
    };

/** What was asked in a rehearsal, and of which configuration. */
export interface Rehearsed {
  readonly config: Pick<Gathered['config'], 'apis' | 'roles'>;
  readonly place: RuleBook['place'];
  readonly snapshot: Pick<Snapshot, 'operations' | 'roles'>;
  readonly caller: NamedCaller;
  readonly reply: GivenReply | null;
}

/** Says why a request that was rehearsed is refused or passes. */
export function rehearsalReason({ route, verdict, trail }: Rehearsal, about: Rehearsed): DecisionReason {
  const book: RuleBook = { apis: about.config.apis, place: about.place };
  const who = whoIs(about.caller);
  const operation = route?.id ?? null;
  switch (verdict.kind) {
    case 'refused':
      return refusalReason({ ...verdict, operation, isNarrowed: isNarrowed(operation ?? '', about) }, who, book);
    case 'replied': {
      const { policy, rule, status } = verdict;
      const sentence = `Answered (${status}) by ${policy ?? 'the gateway'}, and nothing goes upstream.`;
      return { ...NOBODY, sentence, policy, rule };
    }
    case 'pass': {
      const noted = trail.filter((step) => step.observed && step.verdict === 'deny');
      const parts = [
        ...permissionWords(operation ?? '', about),
        ...objectWords(operation ?? '', book, verdict),
        ...goneWords(operation ?? '', book, { verdict, reply: about.reply }),
        ...noted.map(
          ({ rule, policy, code }) => `${rule ?? policy} only observes, and would have refused it (${code})`,
        ),
      ];
      const words = verdict.undecided.length > 0 ? `Depends on ${lackingWords(verdict)}` : 'Passes';
      const sentence = ended(
        `${words}: ${who} may call ${operation}${parts.length === 0 ? '' : `: ${parts.join('; ')}`}`,
      );
      return { ...NOBODY, sentence };
    }
  }
}

const NOBODY = { rule: null, policy: null, file: null, line: null };

function whoIs(caller: NamedCaller): string {
  if (caller.kind === 'anonymous') return 'somebody unknown';
  const { roles, subject } = caller;
  const named = roles.slice(0, ROLES_SHOWN).map((role) => role.slice(0, NAME_SHOWN));
  const more = roles.length - named.length;
  const words = roles.length === 0 ? 'no roles' : `roles ${named.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
  return `${subject === '' ? 'somebody' : subject.slice(0, NAME_SHOWN)} (${words})`;
}

/** What is told of callers stays a sentence, whatever their credential holds. */
const ROLES_SHOWN = 20;
const NAME_SHOWN = 100;

/** What rules say besides where they simply hold, or do not. */
const SAID_BY_THE_CLAUSE: ReadonlySet<string> = new Set(['is not so', 'denies this']);

function clauseOf(
  { policy, rule, code, isNarrowed }: NamedRule & Pick<ToldRefusal, 'code'> & { readonly isNarrowed: boolean },
  found: RulePlace | null,
): string {
  const at = `${rule ?? policy}${placeWords(found)}`;
  const text = found?.text ?? null;
  const condition = text === null ? '' : `: ${text.replace(/\s+/g, ' ').slice(0, CONDITION_SHOWN)}`;
  switch (found?.kind) {
    case 'permission':
      return `it ${rule ?? 'needs a permission'}${placeWords(found)}, and ${isNarrowed ? 'the scopes of their credential leave that out' : 'nothing of what they are gives them that'}`;
    case 'assurance':
      return `it asks for another sign-in${placeWords(found)}: ${LACKS[rule ?? ''] ?? rule ?? 'it is not sure enough who they are'}`;
    case 'access-rules':
      return found.denies ? `the rule ${at} denies it${condition}` : `the rule ${at} does not hold${condition}`;
    case 'conditions':
      return `the condition ${at} does not hold${condition}`;
    case 'object':
      return code === 'upstream-refused-body'
        ? `the reply is none that the rule ${at} can be asked of${condition}`
        : `the object is not theirs by the rule ${at}${condition}`;
    case 'accepts':
      return `the list ${at} does not let them set what the body holds`;
    case 'fields':
      return `the list ${at} has no reply for them`;
    case 'rate':
      return `the ${at} is used up`;
    case 'lists':
      return `the list ${at} keeps them out`;
    case undefined:
    default:
      return rule === null ? `${policy} refuses it${placeWords(found)}` : `${policy} refuses it by ${at}`;
  }
}

/** Longer ones are read where they stand. */
const CONDITION_SHOWN = 300;

const LACKS: Readonly<Record<string, string>> = {
  acr: 'they signed in by another authentication context (acr)',
  amr: 'they signed in by other methods (amr)',
  'max-age': 'they signed in too long ago, or nobody says when (max-age)',
  proof: 'their credential is bound to nothing that it asks for (proof)',
};

/** ` (portcullis.yaml:12)`. */
function placeWords(found: Pick<RulePlace, 'place'> | null): string {
  if (found === null || found.place === null) return '';
  return ` (${found.place.file.slice(found.place.file.lastIndexOf('/') + 1)}:${found.place.line})`;
}

/** Which permissions let them, and by which of their roles. */
function permissionWords(id: string, about: Rehearsed): readonly string[] {
  const { caller, place } = about;
  const needed = neededPermissions(id, about);
  if (needed === null || caller.kind === 'anonymous') return [];
  const granting = grantingOf(about);
  const isGiven = (permission: string): boolean =>
    granting(permission) !== undefined || caller.permissions.includes(permission);
  const narrowing = narrowingOf(caller);
  const [used = []] = needed.filter((all) =>
    all.every((permission) => isGiven(permission) && (narrowing?.includes(permission) ?? true)),
  );
  return used.map((permission) => {
    const role = granting(permission);
    if (role === undefined) return `${permission} of their own`;
    return `${permission} by role ${role.name}${placeWords({ place: place(role.path) })}`;
  });
}

/** Whether they have what the operation needs, and may use it no further than their scopes go. */
function isNarrowed(id: string, about: Rehearsed): boolean {
  const { caller } = about;
  if (caller.kind === 'anonymous' || narrowingOf(caller) === null) return false;
  const granting = grantingOf(about);
  const needed = neededPermissions(id, about) ?? [];
  return needed.some((all) =>
    all.every((permission) => granting(permission) !== undefined || caller.permissions.includes(permission)),
  );
}

function narrowingOf({ scopes, scopesNarrow }: Extract<NamedCaller, { kind: 'known' }>): readonly string[] | null {
  return scopesNarrow === false ? null : scopes;
}

/** Which of a caller's roles grants a permission. */
function grantingOf({ config, snapshot, caller }: Rehearsed) {
  const held: ReadonlySet<string> = caller.kind === 'anonymous' ? new Set() : snapshot.roles.rolesOf(caller.roles);
  return (permission: string) => config.roles.find(({ name, can }) => held.has(name) && can.includes(permission));
}

/** What an operation needs, in alternatives; null where nobody is asked for anything. */
function neededPermissions(id: string, { config, snapshot }: Rehearsed): readonly (readonly string[])[] | null {
  const operation = snapshot.operations.find((each) => each.operation.id === id)?.operation;
  const api = config.apis.find(({ name }) => name === operation?.api);
  if (operation === undefined || api === undefined) return null;
  const own = Object.hasOwn(api.operations, operation.name) ? api.operations[operation.name] : undefined;
  const needs = own?.needs ?? null;
  if ((own?.auth ?? api.auth) === 'public') return null;
  return neededBy(operation, { operations: needs === null ? {} : { [operation.name]: needs } });
}

type Passed = Extract<RehearsedVerdict, { kind: 'pass' }>;

/** What it depends on, where nobody has given it. */
function lackingWords({ lacks }: Pick<Passed, 'lacks'>): string {
  return lacks.map((each) => (each === 'owner' ? 'the owner' : 'the reply')).join(' and ');
}

function objectWords(id: string, book: RuleBook, { undecided, lacks, reply }: Passed): readonly string[] {
  const rule = accessOf(id, book)?.object ?? null;
  // Of a reply that tells of an error the caller gets no object.
  if (rule === null || (reply !== null && reply.status >= 400)) return [];
  const at = `${rule.id}${placeWords({ place: book.place(rule.path) })}`;
  if (lacks.includes('owner')) return [`the rule ${at} decides by what the owner service says: ${rule.text}`];
  if (undecided.length > 0) return [`the rule ${at} decides by what comes back: ${rule.text}`];
  return [
    rule.each === null ? `the object is theirs by the rule ${at}` : `the list holds theirs alone by the rule ${at}`,
  ];
}

/** What the reply that was given has and the caller does not get. */
function goneWords(
  id: string,
  book: RuleBook,
  { verdict, reply }: { readonly verdict: Passed; readonly reply: GivenReply | null },
): readonly string[] {
  const given = reply?.body instanceof Uint8Array ? jsonOf(reply.body) : reply?.body;
  if (verdict.reply === null || given === undefined || verdict.reply.status >= 400) return [];
  const gone = fieldsGone(given, verdict.reply.body);
  if (gone.length === 0) return [];
  const rule = accessOf(id, book)?.fields ?? null;
  const by = rule === null ? '' : `, by ${rule.id}${placeWords({ place: book.place(rule.path) })}`;
  return [`taken out of the reply: ${gone.join(', ')}${by}`];
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}

function accessOf(id: string, { apis }: RuleBook) {
  const api = apis.find(({ name }) => id.startsWith(`${name}/`));
  const name = id.slice((api?.name.length ?? 0) + 1);
  return api !== undefined && Object.hasOwn(api.operations, name) ? api.operations[name]?.access : undefined;
}

function lowered(words: string): string {
  return words.slice(0, 1).toLowerCase() + words.slice(1);
}

function ended(words: string): string {
  return /[.!?]$/.test(words) ? words : `${words}.`;
}
