import type { CoverageRow, Issue, Place, Problem, Result } from '../base/index.ts';
import type { Priority, UpstreamConfig, WebSocketConfig } from '../config/compiled.ts';
import type { GrpcStreams } from '../openapi/index.ts';
import type { ListGate, ListMaterial } from '../lists/index.ts';
import type { CrossOrigin, Match, Operation, RoleTable } from '../policy/index.ts';
import type { TableDeclaration } from '../ports/index.ts';
import type { CanonicalRequest, UpstreamIdentity } from '../wire/index.ts';
import type { Challenges } from './challenges.ts';
import type { ReplyCleaning } from './clean-reply.ts';
import type { CompiledParty } from './compiled-party.ts';
import type { CompiledCache } from './compiled-cache.ts';
import type { TrustedProxies } from './client-address.ts';
import type { ClientTrusts } from './client-trust.ts';
import type { PageTable } from './page-table.ts';
import type { Plan } from './plan.ts';
import type { Router } from './router.ts';
import type { SecurityFields } from './security-fields.ts';

/** One API of a Snapshot. */
export interface CompiledApi {
  readonly name: string;
  /** Its place in the Snapshot's list, for what is kept beside it. */
  readonly index: number;
  /** Taken off the path before the upstream; empty or like `/v1`. */
  readonly basePath: string;
  readonly upstream: UpstreamConfig;
  /** The name of the upstream's first target, as its Host field says it. */
  readonly authority: string;
  /** The CA that vouches for the upstream, PEM, or null for the public ones. */
  readonly upstreamCa: string | null;
  /** What the upstream is shown where it asks who we are; null for nothing. */
  readonly upstreamIdentity: UpstreamIdentity | null;
  /** Whether the credential that was used goes on to the upstream. */
  readonly credentials: 'remove' | 'pass';
  /** Which pages of other origins may call it; null where it does not say, or says none. */
  readonly cors: CrossOrigin | null;
  /** The security headers that replies get where they lack them; null for none. */
  readonly securityFields: SecurityFields | null;
  /** What replies of its upstream are cleaned of. */
  readonly cleaning: ReplyCleaning;
  /** Whether its host has a certificate of its own, so that clients may be told to come by https only, whatever all others have. */
  readonly strictTransport: boolean;
  /** What its stored replies are made of, as a text that changes with it; null where it stores none. */
  readonly cacheFingerprint: string | null;
  /** What its refusals ask for; null for a third party, of which nobody asks with a credential of theirs. */
  readonly challenges: Challenges | null;
  /** What holds of a third party; null for an API of ours. */
  readonly party: CompiledParty | null;
}

/** One operation of a Snapshot. */
export interface CompiledOperation {
  readonly operation: Operation;
  readonly api: CompiledApi;
  /** Of a gRPC method that is the bound of one message, either way. */
  readonly bodyLimitBytes: number;
  /** What is refused first when the thread can't serve all. */
  readonly priority: Priority;
  /** Whether GET or HEAD may have a body here. */
  readonly bodyDescribed: boolean;
  /** Which sides of a gRPC method stream; null for any other operation. */
  readonly grpc: GrpcStreams | null;
  /** What holds of WebSocket connections; null where none is offered. */
  readonly websocket: WebSocketConfig | null;
  /** How its replies are stored; null where none is. */
  readonly cache: CompiledCache | null;
  /** How long the head of its reply may take each time it is asked for, where it is not as the upstream says. */
  readonly timeoutMs: number | null;
  /** From the head of the request to the head of its reply, over all tries; null for no such bound. */
  readonly deadlineMs: number | null;
  /** The operations that bodies of its requests name, by their names; null where none does. */
  readonly children: ReadonlyMap<string, CompiledOperation> | null;
  /** Builds the plan at first use and keeps it; what can't be built denies. */
  plan(): Result<Plan, readonly Issue[]>;
  /** The same, built anew and not kept: for whoever builds all of them once. */
  tryPlan(): Result<Plan, readonly Issue[]>;
}

/** What the head of a request says of where it goes, and of the page that it comes from. */
export type AskedPlace = Pick<CanonicalRequest, 'host' | 'path' | 'method' | 'headers'>;

/** What a preflight leads to: the operation that it asks for, with a plan that answers it; or a method that its path does not have. */
export type PreflightMatch = Exclude<Match<CompiledOperation>, { kind: 'notFound' | 'misdirected' }>;

/** Finds what preflights ask for (Fetch Standard, CORS-preflight request), at APIs that say which pages may call them. */
export interface PreflightTable {
  /** Null where a request is no preflight, or one that the API itself or nobody answers. */
  find(asked: AskedPlace): PreflightMatch | null;
  /** A refusal of a request by its path or its method, with what pages need to read it. */
  readable(problem: Problem, asked: AskedPlace): Problem;
}

/** A live table that a policy reads, and the policy (or `discover`): its kind, its key path, and where it stands. */
export interface NeededTable {
  readonly declaration: TableDeclaration;
  readonly kind: string;
  readonly path: string;
  readonly place: Place | null;
}

/** Everything a request is judged by: immutable, made from the configuration alone. */
export interface Snapshot {
  readonly revision: number;
  readonly hash: string;
  readonly router: Pick<Router<CompiledOperation>, 'find'>;
  /** Where calls of third parties go, over the listener for them; null where there is none. */
  readonly egress: Pick<Router<CompiledOperation>, 'find'> | null;
  /** Answers browsers that ask before they send; null where no API says which pages may call it. */
  readonly preflights: PreflightTable | null;
  readonly apis: readonly CompiledApi[];
  readonly operations: readonly CompiledOperation[];
  /** A Snapshot is not ready before all of them are filled. */
  readonly tables: readonly NeededTable[];
  /** What protects each operation; made when it is first asked for. */
  readonly coverage: readonly CoverageRow[];
  /** The roles and permissions that its policies were built with. */
  readonly roles: RoleTable;
  /** What all stored replies may hold together, over all threads. */
  readonly cacheMemoryBytes: number;
  /** Whether clients may be told to come by https only (RFC 6797): the certificate is one that others trust. */
  readonly strictTransport: boolean;
  /** Whether an API has browsers report what its policy forbids, so that reports are taken. */
  readonly takesReports: boolean;
  /** Pages of the gateway's own that policies need; null where there are none. */
  readonly pages: Pick<PageTable, 'find'> | null;
  /** Proxies whose word on the client is taken; null where there are none. */
  readonly trusted: TrustedProxies | null;
  /** Which clients must prove who they are by a certificate; null where none need to. */
  readonly trusts: ClientTrusts | null;
  /** Who is let in at all; null where nobody is kept out. */
  readonly lists: ListGate | null;
  /** Says by its version when any list of any place may have changed. */
  readonly material: Pick<ListMaterial, 'version'>;
}
