import type { CostRules, DocumentBounds } from '../../../graphql/index.ts';

/** How the operations of an API that speaks GraphQL are judged. */
export interface GraphqlRulesConfig {
  /** The file of the schema, in SDL; absolute. */
  readonly schema: string;
  readonly bounds: DocumentBounds;
  /** Null where costs are not counted. */
  readonly cost: CostRules | null;
  /** How many operations may be sent together. */
  readonly batch: number;
  /** Who may ask for the schema: everybody, nobody, or who has one of these roles. */
  readonly introspection: 'on' | 'off' | readonly string[];
  /** The file with the documents that are known; absolute, null for none. */
  readonly operations: string | null;
  /** Whether no other documents are taken. */
  readonly only: 'persisted' | null;
  readonly subscriptions: 'refuse' | 'pass';
  /** What becomes of what errors in replies tell of the server's inside. */
  readonly errors: 'mask' | 'pass';
}

/** The policy of one API. */
export interface GraphqlConfig {
  readonly rules: GraphqlRulesConfig;
  /** Whether clients are told what is wrong with a request. */
  readonly errors: 'plain' | 'helpful';
  /** The fields that the configuration names as operations, as `Type.field`, besides those of the root types. */
  readonly named: readonly string[];
}
