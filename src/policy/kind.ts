import type { ZodType } from 'zod';
import type { Bitset, Issue, Result, Secret } from '../base/index.ts';
import type { ListMaterial } from '../lists/index.ts';
import type { TableDeclaration, TableVersion } from '../ports/index.ts';
import type { BodyUse, Exchange, Outcome, RepliedHead, ReplyView, RequestEditor, ResponseEditor } from './exchange.ts';
import type { Operation, OperationId } from './operation.ts';
import type { OwnPage } from './own-page.ts';
import type { AuthenticateVerdict, CleaningVerdict, MessageVerdict, ReplyVerdict, Verdict } from './verdict.ts';

/** What goes into and comes out of a step of each stage, in the order in which a request meets them. */
export interface Stages {
  readonly admit: { in: [exchange: Exchange]; out: Verdict };
  readonly authenticate: { in: [exchange: Exchange]; out: AuthenticateVerdict };
  readonly authorize: { in: [exchange: Exchange]; out: Verdict };
  readonly limit: { in: [exchange: Exchange]; out: Verdict };
  readonly inspect: { in: [exchange: Exchange]; out: Verdict };
  readonly decide: { in: [exchange: Exchange]; out: Verdict };
  readonly transform: { in: [exchange: Exchange, editor: RequestEditor]; out: Verdict };
  readonly respond: { in: [exchange: Exchange, reply: ReplyView, editor: ResponseEditor]; out: ReplyVerdict };
  readonly record: { in: [exchange: Exchange, outcome: Outcome]; out: undefined };
}

/** A stage's name. */
export type Stage = keyof Stages;

/** The stages before the upstream, in order. */
export const REQUEST_STAGES = [
  'admit',
  'authenticate',
  'authorize',
  'limit',
  'inspect',
  'decide',
  'transform',
] as const;

/** All stages, in order. */
export const STAGES = [...REQUEST_STAGES, 'respond', 'record'] as const satisfies readonly Stage[];

/** What says that a step looks at no body. */
export const READS_NOTHING = { request: 'none', response: 'none' } as const;

/** What comes of an upstream before the head of a reply, and after its body. */
export type Unseen = 'hints' | 'trailers';

/**
 * One thing a policy does in one stage. `run` is synchronous unless it truly waits.
 * `head` is asked first, where a step before the upstream has one: it judges what needs no body, before any of a body is
 * collected, and so ahead of every step that reads one. It holds nothing, and `run` does not judge the same again.
 * `release` runs exactly once for each exchange on which `run` was called, whatever happens, after `record`.
 */
export interface Step<S extends Stage> {
  readonly reads: { readonly request: BodyUse; readonly response: BodyUse };
  head?(exchange: Exchange): Verdict;
  /** The same for a step of `respond`: it judges the head of every reply of the upstream's, also of those it is not about. */
  replyHead?(exchange: Exchange, reply: RepliedHead, editor: ResponseEditor): ReplyVerdict;
  run(...input: Stages[S]['in']): Stages[S]['out'] | Promise<Stages[S]['out']>;
  /**
   * Whether it judges streams that stand again too: one of `admit`, which counts and holds nothing then, where it says so;
   * one of `authenticate` or `authorize` unless it says not; one of `respond` by its `replyHead`, of events where it says so, and edits nothing then.
   */
  readonly standing?: boolean;
  /**
   * Which replies a step of `respond` is about, told by the head as it came: on others it does not run, and nothing of
   * their bodies is collected for it. Where it is not there, all.
   */
  concerns?(exchange: Exchange, reply: RepliedHead): boolean;
  /**
   * The same, of those replies, by how their bodies begin: for a step that reads them whole. Null where more of it must
   * come first; what never tells is its concern. A body that is not goes on from the first byte.
   */
  concernsBody?(start: Uint8Array): boolean | null;
  /**
   * Whether those are few, such as failures: then upstreams are asked for codings and for parts as if the step read
   * nothing. What it reads all the same is decoded before, or else refused.
   */
  readonly rare?: boolean;
  /** Whether one of `respond` decides by the reply whether this caller may have it, which nobody can tell of the request alone. */
  decides?(exchange: Exchange): boolean;
  /** What no step gets to see of replies, and this one of `respond` therefore keeps from clients. */
  readonly withholds?: readonly Unseen[];
  /**
   * Whether it runs for preflights of its operation too, which ask for it and are not it (Fetch Standard): one of `admit`
   * unless it says not, one of `respond` where it says so, and none of the other stages.
   */
  readonly preflights?: boolean;
  /**
   * Judges each message of a gRPC call before any of it goes on, whole and out of its coding: a step of `inspect` or
   * `decide` what the client sends, one of `respond` what the upstream does. It is asked for as long as the call stands.
   */
  message?(exchange: Exchange, message: Uint8Array): MessageVerdict;
  release?(exchange: Exchange): void;
}

/**
 * What a policy does to a request as it is read, before the first step of `inspect`: `query` before a head is judged there,
 * `body` as soon as that is collected and parsed. What comes of it is read anew; nobody behind it sees what was sent.
 */
export interface Cleaning {
  query?(exchange: Exchange): CleaningVerdict | Promise<CleaningVerdict>;
  body?(exchange: Exchange): CleaningVerdict | Promise<CleaningVerdict>;
}

/** A policy's steps for one operation, at most one a stage, and what it cleans. */
export type Steps = { readonly [S in Stage]?: Step<S> } & { readonly clean?: Cleaning };

/** What a policy needs that is not in its own words; it is gathered, never fetched by the policy. */
export type Source =
  | { readonly kind: 'file'; readonly path: string; readonly limitBytes: number }
  | { readonly kind: 'secret'; readonly reference: string }
  | { readonly kind: 'table'; readonly declaration: TableDeclaration };

/** The gathered sources, by the path, reference or name they were asked for. Asking for another one is a bug and throws. */
export interface Sources {
  file(path: string): Uint8Array;
  secret(reference: string): Secret;
  table<Row>(name: string): () => TableVersion<Row>;
  /** The OpenAPI document of an API, read; null for an API with routes written by hand. It needs no source. */
  document(api: string): unknown;
  /** The lists that the configuration names; they need no source. */
  readonly lists: ListMaterial;
}

/** Roles and permissions, numbered for this Snapshot. */
export interface RoleTable {
  readonly permissionCount: number;
  /** The number of a permission, or null for one that no role grants and no operation needs. */
  permission(name: string): number | null;
  /** What a set of roles permits together, by those of `rolesOf`; unknown roles permit nothing. */
  permissionsOf(roles: readonly string[], denied?: readonly string[]): Bitset;
  /**
   * Roles with all that they include, however deep; unknown ones are left out, and so are denied ones with what only they
   * include. The same set each time for the same lists.
   */
  rolesOf(roles: readonly string[], denied?: readonly string[]): ReadonlySet<string>;
  /** All roles that there are. */
  names(): readonly string[];
  /** Those of these permissions that have a number; names that nothing grants or needs are left out. */
  named(permissions: readonly string[]): Bitset;
}

/** The issuers that the configuration names. */
export interface IssuerTable {
  has(name: string): boolean;
  names(): readonly string[];
}

/** Where a policy is being compiled. */
export interface CompileAt {
  readonly name: string;
  readonly api: string;
  readonly operations: readonly Operation[];
  readonly roles: RoleTable;
  readonly issuers: IssuerTable;
}

/** The whole plugin contract: a kind of policy. Compiling returns all its issues at once, or steps for every operation it was given. */
export interface PolicyKind<C> {
  readonly kind: string;
  readonly summary: string;
  /** The options as users write them below `policies`; null for a kind that other keys of the configuration make. */
  readonly schema: ZodType<C> | null;
  /**
   * Whether operations that are named in a body have policies of this kind too; of no other kind has one any. Their steps of
   * `admit`, `authorize`, `limit` and `decide` run behind `inspect` of the route.
   */
  readonly inBody?: boolean;
  /**
   * The names of operations that bodies of an API's requests ask for, besides its routes, where it reads such: told by its
   * options and files alone. Its step of `inspect` says of each request which they are (`ASKED_OPERATIONS`).
   */
  namedInBodies?(config: C, got: Pick<Sources, 'file'>): readonly string[];
  sources(config: C): readonly Source[];
  /** The gateway's own pages that its policies need. They stand as long as the configuration does. */
  pages?(config: C, got: Sources): readonly OwnPage[];
  compile(config: C, at: CompileAt, got: Sources): Result<ReadonlyMap<OperationId, Steps>, readonly Issue[]>;
}
